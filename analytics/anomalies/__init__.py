"""What is unusual in spend, latency and errors, hour by hour."""
