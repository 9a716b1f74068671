"""Matrix products, one tile at a time."""
