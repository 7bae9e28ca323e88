"""Is B better than A: tests of two variants, rollouts by steps, and the statistics that both are judged by."""
