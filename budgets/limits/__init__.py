"""The most that may be used: limits, and which of them count a request."""
