"""What is read out of the roll-ups: usage, cost, performance, what routing saved, and where more could be."""
