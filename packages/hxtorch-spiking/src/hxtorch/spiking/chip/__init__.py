"""What a network is on a chip: circuits, recordings, inputs, execution instances."""
