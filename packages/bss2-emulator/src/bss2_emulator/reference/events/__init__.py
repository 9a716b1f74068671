"""The way of events, one at a time."""
