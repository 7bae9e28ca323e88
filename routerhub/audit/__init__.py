"""The history of all configuration, across the apps: seen, compared and restored."""
