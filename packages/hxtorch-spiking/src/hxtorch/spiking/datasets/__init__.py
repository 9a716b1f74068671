"""Data sets: that of the examples, and those of other packages as spikes."""

from hxtorch.spiking.datasets.events import EventDataset, ImageDataset, events_to_dense, pad_collate
from hxtorch.spiking.datasets.yinyang import YinYangDataset

__all__ = ["EventDataset", "ImageDataset", "YinYangDataset", "events_to_dense", "pad_collate"]


def __dir__() -> list[str]:
    return sorted(__all__)
