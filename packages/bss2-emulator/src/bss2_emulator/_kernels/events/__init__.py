"""The way of events."""
