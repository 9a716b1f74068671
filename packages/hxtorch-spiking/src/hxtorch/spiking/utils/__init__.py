"""Helpers of user scripts, under the names that these know."""
