"""Deployments and keys that are not called for a while: when they are taken out, and how every process learns of it."""
