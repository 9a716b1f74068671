"""What a network is: populations, projections, shapes of neurons, weights as synapses."""
