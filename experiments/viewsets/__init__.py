"""What is tried out, in the REST API."""
