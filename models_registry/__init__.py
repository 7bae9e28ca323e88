"""What can be called, at what price: providers, models, deployments, prices, releases, and how to reach them."""
