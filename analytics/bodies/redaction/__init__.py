"""What is taken out of what was said before it is kept: secrets and personal data, each replaced by its kind. Pure."""
