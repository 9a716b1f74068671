"""Procedures for analog matrix products."""
