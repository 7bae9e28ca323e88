"""API keys: made, shown once, bounded, rotated and revoked."""
