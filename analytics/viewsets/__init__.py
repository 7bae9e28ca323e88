"""Analytics in the REST API."""
