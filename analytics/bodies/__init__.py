"""What was said, where an account wants it kept: redacted, sealed, apart from the records."""
