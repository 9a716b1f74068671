"""Data sets of the examples."""

from hxtorch.spiking.datasets.yinyang import YinYangDataset

__all__ = ["YinYangDataset"]
