"""Data sets of the examples."""

from hxtorch.spiking.datasets.yinyang import YinYangDataset

__all__ = ["YinYangDataset"]


def __dir__() -> list[str]:
    return sorted(__all__)
