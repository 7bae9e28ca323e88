"""Is B better than A: tests between router variants, assignment, statistics, canaries."""
