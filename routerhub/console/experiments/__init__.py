"""A/B tests: those of an account, a guided start, and one test while it runs."""
