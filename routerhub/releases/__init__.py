"""The unit of change: immutable, validated, numbered bundles; which of them is live, for whom, and the way back."""
