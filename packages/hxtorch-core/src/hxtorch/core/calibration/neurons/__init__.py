"""Procedures for spiking neurons."""
