"""Whose rows a statement may see: row-level security, and the scope that every statement carries (docs/row-level-security.md)."""
