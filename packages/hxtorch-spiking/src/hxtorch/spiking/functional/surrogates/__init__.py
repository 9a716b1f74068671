"""Comparators and their surrogate derivatives."""
