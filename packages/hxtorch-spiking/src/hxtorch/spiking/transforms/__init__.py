"""Transforms of weights, of inputs into spikes, and of traces into scores."""

from hxtorch.spiking.transforms import decode, encode, weight_transforms

__all__ = ["decode", "encode", "weight_transforms"]
