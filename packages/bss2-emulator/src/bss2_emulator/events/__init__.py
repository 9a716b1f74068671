"""The way of events: crossbar, PADI buses, drivers, labels, background generators."""
