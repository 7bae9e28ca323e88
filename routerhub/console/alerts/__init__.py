"""Alerts: what waits, limits, one's own alerts, channels, and what was sent."""
