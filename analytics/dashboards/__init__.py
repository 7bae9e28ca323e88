"""Pages of figures, and the tiles that they are made of."""
