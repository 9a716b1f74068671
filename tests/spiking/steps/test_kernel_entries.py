"""The compiled entry points refuse sizes that contradict each other, and operands that are missing."""

import numpy as np
import pytest
import torch

from hxtorch.spiking._kernels.chip import traces, trains
from hxtorch.spiking._kernels.steps import integration, recurrence
from hxtorch.spiking._kernels.synapses import events

ROOM = torch.zeros(4096)
AT = ROOM.data_ptr()


@pytest.mark.parametrize(
    ("steps", "lanes", "width", "constants", "given", "threads"),
    [
        (-1, 4, 1, AT, AT, 1),
        (2, -4, 1, AT, AT, 1),
        (2, 4, 0, AT, AT, 1),
        (2, 4, 3, AT, AT, 1),
        (2, 4, 1, 0, AT, 1),
        (2, 4, 1, AT, 0, 1),
        (2, 4, 1, AT, AT, 0),
    ],
    ids=["steps", "lanes", "width", "wide", "constants", "given", "threads"],  # an address is another in each process
)
def test_integration_refuses(steps, lanes, width, constants, given, threads):
    sizes = (False, True, False, steps, lanes, width, constants)
    with pytest.raises(ValueError, match="integration"):
        integration.forward(*sizes, 0, 0, 0, given, AT, 0, 0, 0, 0, 0, threads)
    if given:
        with pytest.raises(ValueError, match="integration"):
            integration.backward(*sizes, AT, *[0] * 5, 0, 9.0, AT, *[0] * 3, AT, 0, 0, threads)


def test_the_way_back_of_an_integration_needs_what_it_reads():
    for events_at, before in ((0, AT), (AT, 0)):
        with pytest.raises(ValueError, match="less than the way back reads"):
            integration.backward(
                False, True, False, 2, 4, 1, AT, 0, 0, before, events_at, 0, 0, 0, 9.0, AT, 0, 0, 0, AT, 0, 0, 1
            )


@pytest.mark.parametrize(
    ("full", "size", "width", "padded", "weight"),
    [
        (False, 4, 1, 3, AT),
        (False, 4, 1, 5, AT),
        (False, 4, 1, 16, 0),
        (False, -1, 1, 16, AT),
        (False, 4, 2, 16, AT),
        (True, 4, 1, 16, AT),
    ],
    ids=["short rows", "odd rows", "no weights", "size", "width", "one set of constants with other terms"],
)
def test_recurrence_refuses(full, size, width, padded, weight):
    sizes = (False, full, 2, 1, size, width, AT, weight, padded)
    with pytest.raises(ValueError, match="recurrence"):
        recurrence.forward(*sizes, 0, 0, 0, AT, AT, AT, AT, 0, 0, 0, 0, 0, 1)
    with pytest.raises(ValueError, match="recurrence"):
        recurrence.backward(*sizes, 0, *[AT] * 5, 0, 0, 0, 9.0, AT, 0, 0, 0, AT, 0, 1)


def test_products_of_spikes_refuse_bits_of_sources_that_there_are_not():
    bits = torch.tensor([1 << 5, 0, 0])
    with pytest.raises(ValueError, match="beyond the 5"):
        events.weigh_spikes(False, 1, 5, 40, AT, bits.data_ptr(), False, AT, AT, AT, 1)
    with pytest.raises(ValueError, match="memory"):
        events.weigh_spikes(False, 1, 5, 40, AT, bits.data_ptr(), False, AT, 0, AT, 1)
    with pytest.raises(ValueError, match="rows"):
        events.find(False, -1, 5, AT, bits.data_ptr(), 1)
    with pytest.raises(ValueError, match="graded"):
        events.collect_weights(False, 1, 5, 40, 0, bits.data_ptr(), True, AT, AT, False, 0, 0, 1)
    with pytest.raises(ValueError, match="memory"):
        events.spread_gradient(False, 1, 5, 4, AT, 0, AT, 1)


def test_spikes_are_not_written_to_a_grid_that_is_none():
    one = np.zeros(1, np.int64)
    for grid in ((0.0, 4, 1, 1, AT), (1.0, -4, 1, 1, AT), (1.0, 4, 1, 1, 0)):
        with pytest.raises(ValueError, match="grid"):
            trains.scatter(one, one, one, *grid)
    with pytest.raises(ValueError, match="out"):
        traces.resample(
            np.zeros(1),
            one,
            np.array([0, 1]),
            np.zeros((1, 1), np.uint8),
            one,
            one,
            None,
            np.ones(1, np.float32),
            True,
            0,
            1,
        )
