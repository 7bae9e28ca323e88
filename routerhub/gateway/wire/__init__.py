"""Protocols: JSON to values and back."""
