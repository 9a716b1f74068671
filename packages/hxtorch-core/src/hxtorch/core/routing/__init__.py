"""Places for neurons, labels for sources, rows for synapses."""
