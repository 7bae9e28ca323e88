"""What people are told of: once for each matter and period, whoever saw it."""
