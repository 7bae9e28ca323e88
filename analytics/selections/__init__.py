"""Choices that others act upon, and what came of them."""
