"""Modules that are made of, or act on, other modules."""
