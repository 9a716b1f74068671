"""The compiled entry points refuse arrays whose sizes contradict each other, and numbers of what there is not."""

import numpy as np
import pytest

from bss2_emulator._kernels.matrix import hagen
from bss2_emulator._kernels.noise import normals
from bss2_emulator._kernels.synram import correlation, rows

ROWS = {
    "weight": np.zeros((2, 256, 256), np.uint8),
    "label": np.zeros((2, 256, 256), np.uint8),
    "row_mode": np.zeros((2, 256), np.uint8),
    "strength": np.zeros((2, 256, 256), np.float32),
    "dac": np.zeros((4, 64), np.float32),
    "column": np.zeros(3, np.int32),
    "top_count": 3,
    "count": 3,
    "drivers": np.zeros(2, np.int32),
    "row_offsets": np.array([0, 1, 2], np.int32),
    "seen": np.zeros(2, np.uint8),
    "pulse": np.zeros(2, np.float32),
    "scale_exc": np.ones(4, np.float32),
    "scale_inh": np.ones(4, np.float32),
    "exc": np.zeros((2, 4), np.float32),
    "inh": np.zeros((2, 4), np.float32),
    "spans": np.zeros((2, 4), np.int32),
    "threads": 1,
}


def test_rows_of_sizes_that_belong_together_are_compiled():
    rows.compile_actions(*ROWS.values())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("weight", np.zeros((2, 255, 256), np.uint8)),
        ("strength", np.zeros((1, 256, 256), np.float32)),
        ("dac", np.zeros((4, 63), np.float32)),
        ("column", np.array([0, 256, 1], np.int32)),
        ("column", np.zeros(2, np.int32)),
        ("top_count", 4),
        ("count", 5),
        ("drivers", np.array([0, 256], np.int32)),
        ("drivers", np.array([-1, 0], np.int32)),
        ("row_offsets", np.array([0, 3, 2], np.int32)),
        ("row_offsets", np.array([0, 1, 9], np.int32)),
        ("seen", np.zeros(1, np.uint8)),
        ("scale_exc", np.ones(2, np.float32)),
        ("exc", np.zeros((1, 4), np.float32)),
        ("spans", np.zeros((2, 3), np.int32)),
    ],
)
def test_rows_that_do_not_belong_together_are_refused(name, value):
    with pytest.raises(ValueError, match="rows"):
        rows.compile_actions(*{**ROWS, name: value}.values())


EVENTS = {
    "event_times": np.zeros(1, np.int64),
    "actions": np.zeros(1, np.int32),
    "event_offsets": np.array([0, 1]),
    "spike_times": np.zeros(1, np.int64),
    "neurons": np.zeros(1, np.int32),
    "spike_offsets": np.array([0, 1]),
    "seen": np.zeros((1, 1), np.uint8),
    "label": np.zeros((1, 256), np.uint8),
    "amplitude": np.zeros((1, 2, 256), np.float32),
    "rate": np.zeros((1, 2, 256), np.float32),
    "hemisphere": np.zeros(1, np.int32),
    "reset": 0,
    "noise": 0.0,
    "key": 0,
    "streams": np.zeros(1, np.uint32),
    "run": 0,
    "first_entry": 0,
    "codes": np.zeros((1, 1, 256, 2), np.uint8),
    "threads": 1,
}


def test_events_of_sizes_that_belong_together_are_correlated():
    correlation.correlate(*EVENTS.values())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("actions", np.array([1], np.int32)),
        ("actions", np.array([-1], np.int32)),
        ("neurons", np.array([-5], np.int32)),
        ("neurons", np.array([512], np.int32)),
        ("event_offsets", np.array([0, 2])),
        ("spike_offsets", np.array([1, 0])),
        ("spike_offsets", np.array([0, 1, 1])),
        ("label", np.zeros((1, 255), np.uint8)),
        ("rate", np.zeros((2, 2, 256), np.float32)),
        ("codes", np.zeros((1, 1, 256, 1), np.uint8)),
    ],
)
def test_events_that_do_not_belong_together_are_refused(name, value):
    with pytest.raises(ValueError, match=r"rows|offsets|events"):
        correlation.correlate(*{**EVENTS, name: value}.values())


def test_matrices_without_rows_or_columns_are_refused():
    factors = [np.ones(shape, np.float32) for shape in ((2, 256, 256), (4, 64), (2, 2, 256))]
    for shape in ((0, 4), (4, 0)):
        with pytest.raises(ValueError, match="weights"):
            hagen.pack_weights(np.zeros(shape, np.int8), *factors, 0, 1, 0)
    with pytest.raises(ValueError, match="instructions"):
        normals.coarse_normals(1, 0, np.zeros(1, np.uint32), 0, 0, -1)
