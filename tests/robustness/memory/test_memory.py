"""What can not fit into memory is refused before anything is done, with what would."""

import re

import numpy as np
import pytest
import torch

import bss2_emulator
import hxtorch.perceptron as hxann
import hxtorch.spiking.functional as F
from bss2_emulator.facts.coordinates import crossbar_reach
from bss2_emulator.ground import memory as ground
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
from hxtorch.spiking import _memory
from hxtorch.spiking.experiment import sizes


@pytest.fixture(autouse=True)
def available(monkeypatch, tmp_path):
    """Have 200 MB, of which 100 may be spent."""
    (tmp_path / "meminfo").write_text("MemTotal: 999999 kB\nMemAvailable: 195312 kB\n")
    monkeypatch.setattr(ground, "_MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(ground, "_GROUP", tmp_path)
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


def test_an_address_space_that_is_limited_counts(available, monkeypatch):
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (10_000 * resource.getpagesize(), resource.RLIM_INFINITY))
    monkeypatch.setattr(ground, "_OWN", available / "statm")
    (available / "statm").write_text("9000 10 10\n")
    assert memory.memory_limit() == 500 * resource.getpagesize()


@pytest.mark.parametrize("layer", [snn.Synapse, hxann.nn.Linear])
def test_what_is_not_asked_for_before_is_called_what_it_is(layer):
    arguments = {"experiment": snn.Experiment(mock=True)} if layer is snn.Synapse else {}
    with pytest.raises(MemoryLimitError, match=r"in_features: got 1073741824, out_features: .* than there is"):
        layer(2**30, 2**20, **arguments)  # more than processors can address


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


def eventprop(batch):
    experiment = snn.Experiment(mock=True)
    synapse, neuron = snn.EventPropSynapse(3, 512, experiment), snn.EventPropLIF(512, experiment)
    neuron(synapse(snn.NeuronHandle(torch.zeros(100, batch, 3))))
    snn.run(experiment, None)


def integration(batch):
    input = torch.empty(100, batch, 512)  # the system gives pages when something is written
    F.cuba_lif_integration(input, F.CUBALIFParams())


def way_back(batch):
    zeros = torch.zeros(()).expand(100, batch, 512)
    context = type("Context", (), {"saved_tensors": (zeros, zeros), "params": F.CUBALIFParams(), "dt": 1e-6})
    F.EventPropLIFFunction.backward(context, zeros, zeros, zeros)


def mock_products(batch):
    hxann.matmul(torch.zeros(1, 1).expand(batch, 1), torch.zeros(1, 512), mock=True)


def mock_convolution(batch):
    hxann.conv1d(torch.zeros(1, 1, 1).expand(batch, 1, 100), torch.zeros(512, 1, 1), mock=True)


RUNS = [
    (mock, 900), (spiking, 40), (products, 300_000), (eventprop, 80), (integration, 1500), (way_back, 200),
    (mock_products, 80_000), (mock_convolution, 700),
]  # fmt: skip


@pytest.mark.parametrize(("run", "batch"), RUNS, ids=[run.__name__ for run, _ in RUNS])
def test_what_does_not_fit_is_refused_with_what_would(run, batch, monkeypatch):
    for module in (sizes, _memory):  # whatever tests before have left for the next run
        monkeypatch.setattr(module, "kept", lambda: 0)
    with pytest.raises(MemoryLimitError, match="entries fit") as refused:
        run(batch)
    fitting = int(re.search(r"at most (\d+) batch entries fit", str(refused.value))[1])
    assert 0 < fitting < batch


def test_what_fits_is_run():
    assert mock(10).spikes.shape == (100, 10, 512)
    eventprop(5)
    mock_convolution(10)


def every_driver(labels):
    """Send labels to all drivers of a chip, each of which has short-term plasticity."""
    config, reach = bss2_emulator.ChipConfig(), crossbar_reach()
    config = config.replace(
        enable_stp=np.ones((2, 128), np.bool_),
        row_select_mask=np.zeros_like(config.row_select_mask),
        crossbar_mask=np.where(reach, 0, config.crossbar_mask),
        crossbar_target=np.where(reach, 0, config.crossbar_target),
    )
    chip, times = bss2_emulator.Chip("memory", "ideal"), np.arange(labels)
    return chip.run_spiking(config, labels, times, times.astype(np.uint16), np.array([0, labels]), range(512))


def test_tables_of_plastic_drivers_are_refused_before_they_are_made():
    with pytest.raises(bss2_emulator.MemoryLimitError, match=r"\d+ rows,.* fit: send fewer labels"):
        every_driver(200)
    assert every_driver(2).cadc[0].values.shape[1] == 256


def test_what_is_kept_for_the_next_run_does_not_stop_it(available):
    def step():
        return integration(400)  # 82 MB for each of three tensors

    (available / "meminfo").write_text("MemAvailable: 400000 kB\n")
    step()
    (available / "meminfo").write_text("MemAvailable: 1000 kB\n")
    step()
