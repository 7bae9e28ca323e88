"""What is counted, in every process of the product: kinds of metrics, and one scrape that tells the sum of all processes."""
