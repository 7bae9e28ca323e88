"""Adapters to the servers that answer: one module a protocol, one error tree for all."""
