"""What can not fit into memory is refused before anything is done, with what would."""

import re

import numpy as np
import pytest
import torch

from hxtorch import snn
from hxtorch.core import (
    ChipConfiguration,
    HXTorchError,
    InputEvents,
    MatrixProgram,
    MemoryLimitError,
    Recording,
    SpikingProgram,
    memory,
    open_session,
)


@pytest.fixture(autouse=True)
def available(monkeypatch, tmp_path):
    """Have 200 MB, of which 100 may be spent."""
    (tmp_path / "meminfo").write_text("MemTotal: 999999 kB\nMemAvailable: 195312 kB\n")
    monkeypatch.setattr(memory, "_MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "_GROUP", tmp_path)
    monkeypatch.setenv("HXTORCH_MEMORY_SHARE", "0.5")
    return tmp_path


def test_the_limit_is_a_share_of_what_is_left(available, monkeypatch):
    assert memory.memory_limit() == 195312 * 1024 // 2
    (available / "memory.max").write_text("max\n")
    assert memory.memory_limit() == 195312 * 1024 // 2
    (available / "memory.max").write_text("5000\n")
    (available / "memory.current").write_text("1000\n")
    assert memory.memory_limit() == 2000
    for share in ("nan", "-1", "much", "inf", "0"):
        monkeypatch.setenv("HXTORCH_MEMORY_SHARE", share)
        with pytest.raises(HXTorchError, match="HXTORCH_MEMORY_SHARE"):
            memory.memory_limit()


def test_nothing_is_refused_where_nothing_is_known(available, monkeypatch):
    (available / "meminfo").unlink()
    assert memory.memory_limit() is None
    memory.require_memory("all", 2**40, 2**20, "do less")


def mock(batch):
    experiment = snn.Experiment(mock=True)
    handle = snn.Neuron(512, experiment)(snn.Synapse(3, 512, experiment)(snn.NeuronHandle(torch.zeros(100, batch, 3))))
    snn.run(experiment, None)
    return handle


def spiking(batch):
    recording = Recording(np.arange(512), cadc_in_dram=True)
    with open_session() as session:
        session.run_spiking(SpikingProgram(ChipConfiguration(), 10_000_000, InputEvents.silence(batch), recording))


def products(batch):
    with open_session() as session:
        program = MatrixProgram(ChipConfiguration(), np.ones((1, 512), np.int8), np.ones((batch, 1), np.uint8))
        session.run_matrix(program)


@pytest.mark.parametrize(("run", "batch"), [(mock, 300), (spiking, 40), (products, 300_000)])
def test_what_does_not_fit_is_refused_with_what_would(run, batch, monkeypatch):
    with pytest.raises(MemoryLimitError, match="entries fit") as refused:
        run(batch)
    fitting = int(re.search(r"at most (\d+) entries fit", str(refused.value))[1])
    assert 0 < fitting < batch
    if run is mock:
        assert mock(10).spikes.shape == (100, 10, 512)
