"""Products of spikes and weights."""
