"""Past one database: a limit dealt out in shares, each hard by itself, together never more than the whole."""
