"""A network while it is collected: handles, what a chip showed, the graph of modules."""
