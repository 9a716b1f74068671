"""Populations of neurons and of sources."""
