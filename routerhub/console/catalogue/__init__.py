"""What can be called: the catalogue with prices, scores and what was measured; one model; and some side by side."""
