"""Accounts, people, keys, limits and entries of a demonstration: made like anybody's, and taken away without a trace but in the
history."""
