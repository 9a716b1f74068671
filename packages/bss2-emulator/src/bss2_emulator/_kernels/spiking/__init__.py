"""The engine of a spiking run."""
