"""A prompt, what the router would do with it, and what comes of it when it is sent."""
