"""Fits the classifier's weights to labelled prompts. Nothing here is imported when requests are classified."""
