"""Is B better than A: replays of recorded traffic, backtests, measured adjustments, and proposals that people decide on."""
