"""What is tried out, learned and tested, as JSON in the REST API."""
