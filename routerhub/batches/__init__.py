"""Batches: many requests in one file, answered in the background. What is known of each; the gateway does their work."""
