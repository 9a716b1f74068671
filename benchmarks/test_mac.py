"""Matrix products of batch 1000 against ``torch.mm`` in float32: the emulator, all layers of the stack, mock mode.

The peer does the bare product; the chip adds mismatch, saturation, two noisy reads for each tile and the sum of tiles.
"""

import numpy as np
import pytest
import torch

import bss2_emulator
import hxtorch
import hxtorch.perceptron as hxp
from hxtorch.core import open_session

SHAPES = [(128, 256), (784, 128), (512, 512)]
BATCH = 1000


@pytest.fixture
def two_threads(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def operands(rows, columns):
    torch.manual_seed(0)
    return torch.randint(0, 32, (BATCH, rows)).float(), torch.randint(-63, 64, (rows, columns)).float()


@pytest.mark.parametrize(("rows", "columns"), SHAPES)
def test_emulator(compare, two_threads, rows, columns):
    """The bar: mismatch and noise on, at most 1.8 times ``torch.mm``."""
    activations, weights = operands(rows, columns)
    with open_session(fidelity="full") as session:
        registers = session.matrix_configuration.registers()
    config = bss2_emulator.ChipConfig(**registers)
    bytes_ = weights.numpy().astype(np.int8), activations.numpy().astype(np.uint8)
    chips = {fidelity: bss2_emulator.Chip(fidelity=fidelity) for fidelity in ("full", "ideal")}
    subjects = {name: lambda chip=chip: chip.run_matrix(config, *bytes_) for name, chip in chips.items()}
    subjects["torch.mm float32"] = lambda: torch.mm(activations, weights)
    compare(subjects, rounds=51, warmup=5, operations=2 * BATCH * rows * columns)


@pytest.mark.parametrize(("rows", "columns"), SHAPES)
def test_matmul(compare, two_threads, rows, columns):
    """The bars: 2.5 times ``torch.mm`` on the emulated chip, 2 times in mock mode."""
    activations, weights = operands(rows, columns)
    hxtorch.init_hardware(ann=True)
    try:
        subjects = {
            "matmul on the emulated chip": lambda: hxp.matmul(activations, weights),
            "matmul in mock mode": lambda: hxp.matmul(activations, weights, mock=True),
            "torch.mm float32": lambda: torch.mm(activations, weights),
        }
        compare(subjects, rounds=51, warmup=5, operations=2 * BATCH * rows * columns)
    finally:
        hxtorch.release_hardware()


@pytest.mark.parametrize(("rows", "columns"), SHAPES)
def test_aihwkit(compare, two_threads, rows, columns):
    """The bar: the emulator in full fidelity is at least 3 times as fast as aihwkit's tile in torch, noise on too."""
    reason = "aihwkit is not installed: it has wheels for some Python versions only"
    linear = pytest.importorskip("aihwkit.nn", reason=reason).AnalogLinear
    configuration = pytest.importorskip("aihwkit.simulator.configs", reason=reason).TorchInferenceRPUConfig()
    layer = linear(rows, columns, bias=False, rpu_config=configuration)
    activations, weights = operands(rows, columns)
    with open_session(fidelity="full") as session:
        registers = session.matrix_configuration.registers()
    chip, config = bss2_emulator.Chip(), bss2_emulator.ChipConfig(**registers)
    bytes_ = weights.numpy().astype(np.int8), activations.numpy().astype(np.uint8)
    hxtorch.init_hardware(ann=True)
    try:
        with torch.no_grad():
            compare(
                {
                    "full": lambda: chip.run_matrix(config, *bytes_),
                    "matmul on the emulated chip": lambda: hxp.matmul(activations, weights),
                    "aihwkit torch tile": lambda: layer(activations),
                },
                rounds=21,
            )
    finally:
        hxtorch.release_hardware()
