import os

import pytest

from hxtorch import core


@pytest.fixture(autouse=True)
def _clean_room(tmp_path, monkeypatch):
    """Every test starts without a connection, without settings from outside, and writes to its own folder only."""
    for name in [name for name in os.environ if name.startswith("HXTORCH_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HXTORCH_CACHE_DIR", str(tmp_path / "cache"))
    core.release_hardware()
    yield
    core.release_hardware()


_FAKE_BACKEND = '''
import numpy as np
from hxtorch.core import (
    CADCSamples, ExecutionInfo, LabelEvents, MatrixResult, SpikeEvents, SpikingResult
)

opened = []


class FakeChip:
    """Exact integer arithmetic and one spike of neuron 0 for each input event."""

    def __init__(self, setup):
        self.identifier, self.setup, self.closed, self.runs = setup.serial, setup, 0, 0
        self.spiking, self.matrix = FakeSpiking(self), FakeMatrix(self)

    def describe(self):
        return {"backend": "fake", "serial": self.identifier, "fidelity": self.setup.fidelity, "version": "1"}

    def info(self):
        self.runs += 1
        return ExecutionInfo("fake", self.identifier, self.setup.fidelity, self.runs, 0.0, 0.0)

    def close(self):
        self.closed += 1


class FakeSpiking:
    def __init__(self, chip):
        self.chip = chip

    def run(self, program):
        events, recording = program.events, program.recording
        cadc = []
        for hemisphere in (0, 1):
            neurons = recording.cadc_neurons[recording.cadc_neurons // 256 == hemisphere]
            if len(neurons):
                offsets = np.arange(events.batch_size + 1)
                values = np.zeros((events.batch_size, len(neurons)), np.uint8)
                cadc.append(CADCSamples(np.zeros(events.batch_size, np.int64), values, neurons, offsets))
        return SpikingResult(
            SpikeEvents(events.times, np.zeros(len(events.times), np.int64), events.batch_offsets),
            LabelEvents(events.times, events.labels, events.batch_offsets),
            tuple(cadc), None, self.chip.info(),
        )


class FakeMatrix:
    def __init__(self, chip):
        self.chip = chip

    def run(self, program):
        values = program.activations.astype(np.int64) @ program.weights
        return MatrixResult(np.clip(values, -128, 127).astype(np.int8), None, self.chip.info())


def connect(setup):
    if setup.serial == "broken":
        raise OSError("no such chip")
    opened.append(FakeChip(setup))
    return opened[-1]
'''


@pytest.fixture
def fake_backend(tmp_path, monkeypatch):
    """Install a distribution that registers the backend ``fake``, make it the default, and return its module."""
    site = tmp_path / "site"
    metadata = site / "fakechip-1.0.dist-info"
    metadata.mkdir(parents=True)
    (site / "fakechip.py").write_text(_FAKE_BACKEND)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: fakechip\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[hxtorch.backends]\nfake = fakechip:connect\nhollow = not_there:connect\n"
    )
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("HXTORCH_BACKEND", "fake")
    import sys

    monkeypatch.delitem(sys.modules, "fakechip", raising=False)
    import fakechip

    yield fakechip
    sys.modules.pop("fakechip", None)
