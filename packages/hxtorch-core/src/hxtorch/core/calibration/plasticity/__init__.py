"""Procedures for short-term plasticity and correlation sensors."""
