"""The books from outside a gateway: swept, checked, closed and read."""
