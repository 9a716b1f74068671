"""What one run of the smallest network costs in calls, and by whose hands a trace passes: counted, not timed."""

import gc
import sys

import pytest
import torch

import hxtorch
from bss2_emulator import Chip
from hxtorch import core, snn
from hxtorch.spiking.chip.recording import PopulationRecording
from hxtorch.spiking.network.observables import HardwareObservables

CALLS = {False: 950, True: 360}
"""Calls of functions, of Python and of C, that a run makes at most in the loop and in mock mode."""


class Network:
    """One neuron behind one synapse; a call collects a pass, ``run`` runs it."""

    def __init__(self, mock):
        self.experiment = snn.Experiment(mock=mock, dt=1e-6)
        self.synapse, self.neuron = snn.Synapse(1, 1, self.experiment), snn.Neuron(1, self.experiment)
        torch.nn.init.constant_(self.synapse.weight, 30.0)
        self.spikes = torch.zeros(10, 1, 1)
        self.spikes[2] = 1

    def __call__(self):
        return self.neuron(self.synapse(snn.NeuronHandle(self.spikes)))

    def run(self):
        snn.run(self.experiment, 10)


@pytest.fixture
def connected():
    hxtorch.init_hardware()
    yield
    hxtorch.release_hardware()


def count(run):
    """Return how many calls ``run()`` makes."""
    calls = 0

    def see(frame, event, argument):
        nonlocal calls
        calls += event in ("call", "c_call")

    gc.collect()
    gc.disable()
    try:
        sys.setprofile(see)
        run()
    finally:
        sys.setprofile(None)
        gc.enable()
    return calls


@pytest.mark.parametrize("mock", [False, True])
def test_a_run_that_changes_nothing_makes_few_calls(connected, mock):
    network = Network(mock)
    for _ in range(3):
        network()
        network.run()
    network()
    assert count(network.run) <= CALLS[mock]


def test_a_cadc_trace_passes_five_holders_from_chip_to_handle(connected, monkeypatch):
    seen = {}

    def watch(owner, name, key):
        original = getattr(owner, name)

        def watched(*arguments, **named):
            seen[key] = original(*arguments, **named)
            return seen[key]

        monkeypatch.setattr(owner, name, watched)

    network = Network(mock=False)
    watch(Chip, "run_checked", "run")
    watch(core, "run_executions", "results")

    def observe(recording, runtime):
        seen["recording"], seen["observed"] = (
            recording,
            type(network.neuron).observe(network.neuron, recording, runtime),
        )
        return seen["observed"]

    network.neuron.observe = observe
    handle = network()
    network.run()
    (result,) = seen["results"].values()
    (of_chip,), (at_seam,) = seen["run"].cadc, result.cadc
    recording, observed = seen["recording"], seen["observed"]
    assert at_seam.values is of_chip.values
    assert recording.cadc.samples[0] is at_seam
    assert torch.equal(handle.membrane_cadc, observed.cadc[: len(handle.membrane_cadc)])
    holders = [type(held) for held in (of_chip, at_seam, recording.cadc, recording, observed)]
    assert holders[1:] == [core.CADCSamples, core.CADCHandle, PopulationRecording, HardwareObservables]
    assert len(holders) == 5
