"""The router in the REST API."""
