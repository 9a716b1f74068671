"""Contract of files of operations: what is written comes back, and anything else is refused by its typed error."""

import json
import pickle

import numpy as np
import pytest
from safetensors.numpy import save

from hxtorch.core.compute import MAC, Addition, ArgMax, ConvertingReLU, ReLU, Sequence
from hxtorch.core.files import UNSEALED, seal
from hxtorch.core.products.rearrangement import Rearrangement
from hxtorch.core.products.sequence import SequenceFormatError, SequenceNotFoundError, load_sequence, save_sequence

WEIGHTS = np.random.default_rng(0).integers(-63, 64, (12, 5)).astype(np.int8)
DIGITAL = (
    ReLU(),
    ConvertingReLU(3),
    Rearrangement((3, 4), np.arange(12).reshape(4, 3)),
    Addition(np.arange(-3, 9, dtype=np.int8).reshape(4, 3)),
    ArgMax(),
)


def test_every_operation_comes_back(tmp_path):
    path = save_sequence(Sequence((MAC(WEIGHTS, 3, 7), *DIGITAL)), tmp_path / "inference.pkl")
    mac, *digital = load_sequence(path).operations
    assert (mac.num_sends, mac.wait_between_events) == (3, 7)
    np.testing.assert_array_equal(mac.weights, WEIGHTS)
    values = np.random.default_rng(1).integers(-128, 128, (6, 3, 4)).astype(np.int8)
    np.testing.assert_array_equal(Sequence(tuple(digital)).run(values), Sequence(DIGITAL).run(values))


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    path = save_sequence(Sequence((ReLU(),)), tmp_path / "inference")
    before = path.read_bytes()

    class Unknown:
        def run(self, values, session=None):
            return values

    with pytest.raises(SequenceFormatError, match="Unknown"):
        save_sequence(Sequence((Unknown(),)), path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["inference"]


def test_a_missing_file_says_how_to_make_one(tmp_path):
    with pytest.raises(SequenceNotFoundError, match="InferenceTracer"):
        load_sequence(tmp_path / "missing")


def sealed(tensors, *operations, schema="2", kind="hxtorch.sequence", **changes):
    table = json.dumps({"operations": list(operations), **changes})
    return seal(save(tensors, {kind: schema, "manifest": table, "sha256": UNSEALED}))


MAC_ENTRY = {"operation": "mac", "num_sends": 1, "wait_between_events": 5}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x" * 100,
        pickle.dumps([1, 2]),
        save({}, {}),
        save({}, {"manifest": "no json"}),
        save({}, {"manifest": "[" * 100_000}),
        save({}, {"manifest": "[]"}),
        save({}, {"manifest": json.dumps({"kind": "hxtorch sequence", "schema": 1, "operations": []})}),
        sealed({})[:-1],
        sealed({}).replace(b"operations", b"operationz"),
        sealed({}, kind="calibration"),
        sealed({}, schema="3"),
        sealed({}, operations=3),
        sealed({}, "relu"),
        sealed({}, {}),
        sealed({}, {"operation": "exec"}),
        sealed({}, {"operation": ["relu"]}),
        sealed({}, {"operation": "converting_relu"}),
        sealed({}, {"operation": "converting_relu", "shift": 9}),
        sealed({}, {"operation": "converting_relu", "shift": True}),
        sealed({}, MAC_ENTRY),
        sealed({"0/weights": WEIGHTS}, {"operation": "mac", "num_sends": 0, "wait_between_events": 5}),
        sealed({"0/weights": WEIGHTS[0]}, MAC_ENTRY),
        sealed({"0/weights": WEIGHTS + 64}, MAC_ENTRY),
        sealed({"0/other": WEIGHTS * 0.5}, {"operation": "addition"}),
        sealed({"0/index": np.array([5])}, {"operation": "rearrangement", "source": [5]}),
        sealed({"0/index": np.array([5])}, {"operation": "rearrangement", "source": [10**40]}),
        sealed({"0/index": np.array([0])}, {"operation": "rearrangement", "source": 5}),
    ],
)
def test_anything_else_is_refused(tmp_path, content):
    path = tmp_path / "inference"
    path.write_bytes(content)
    with pytest.raises(SequenceFormatError, match="inference"):
        load_sequence(path)
