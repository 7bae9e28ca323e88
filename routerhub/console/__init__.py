"""Pages of people who use RouterHub, by their own sign-in."""
