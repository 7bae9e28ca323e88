"""Adapters to the servers that answer: a room for each maker's dialects, `wire/` for what they share, one error tree for all."""
