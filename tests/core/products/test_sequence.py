"""Contract of files of operations: what is written comes back, and anything else is refused by its typed error."""

import json
import pickle

import numpy as np
import pytest
from safetensors.numpy import load, save

from hxtorch.core.compute import MAC, Addition, ArgMax, ConvertingReLU, ReLU, Sequence
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


def manifest(*operations, **changes):
    table = {"kind": "hxtorch sequence", "schema": 1, "operations": list(operations), **changes}
    return {"manifest": json.dumps(table)}


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
        save({}, manifest(kind="calibration")),
        save({}, manifest(schema=2)),
        save({}, manifest(operations=3)),
        save({}, manifest("relu")),
        save({}, manifest({})),
        save({}, manifest({"operation": "exec"})),
        save({}, manifest({"operation": ["relu"]})),
        save({}, manifest({"operation": "converting_relu"})),
        save({}, manifest({"operation": "converting_relu", "shift": 9})),
        save({}, manifest({"operation": "converting_relu", "shift": True})),
        save({}, manifest({"operation": "mac", "num_sends": 1, "wait_between_events": 5})),
        save({"0/weights": WEIGHTS}, manifest({"operation": "mac", "num_sends": 0, "wait_between_events": 5})),
        save({"0/weights": WEIGHTS[0]}, manifest({"operation": "mac", "num_sends": 1, "wait_between_events": 5})),
        save({"0/weights": WEIGHTS + 64}, manifest({"operation": "mac", "num_sends": 1, "wait_between_events": 5})),
        save({"0/other": WEIGHTS * 0.5}, manifest({"operation": "addition"})),
        save({"0/index": np.array([5])}, manifest({"operation": "rearrangement", "source": [5]})),
        save({"0/index": np.array([5])}, manifest({"operation": "rearrangement", "source": [10**40]})),
        save({"0/index": np.array([0])}, manifest({"operation": "rearrangement", "source": 5})),
    ],
)
def test_anything_else_is_refused(tmp_path, content):
    path = tmp_path / "inference"
    path.write_bytes(content)
    with pytest.raises(SequenceFormatError, match="inference"):
        load_sequence(path)


def test_cut_and_changed_files_are_refused_or_read_but_never_harm(tmp_path):
    path = save_sequence(Sequence((MAC(WEIGHTS), *DIGITAL)), tmp_path / "inference")
    content = path.read_bytes()
    generator = np.random.default_rng(0)
    load(content)
    for cut in range(0, len(content), 7):
        path.write_bytes(content[:cut])
        with pytest.raises(SequenceFormatError):
            load_sequence(path)
    for _ in range(500):
        changed = bytearray(content)
        for place in generator.integers(0, len(content), 3):
            changed[place] = generator.integers(0, 256)
        path.write_bytes(changed)
        try:
            load_sequence(path)
        except SequenceFormatError:
            continue
