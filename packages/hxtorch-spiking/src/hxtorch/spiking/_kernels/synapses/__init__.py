"""Products of sparse spikes."""
