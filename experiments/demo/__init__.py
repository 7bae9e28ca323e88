"""A month of made-up traffic, decided by the real classifier, router and prices: for pages that have something to show."""
