"""Who changed what, when, from where and why: of every configuration table, seen, compared and restored."""
