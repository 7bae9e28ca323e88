"""The sandbox provider: an OpenAI-compatible server that makes up its answers, so that everything runs without a key."""
