"""Training what a chip is calibrated to moves codes, and measures where their slope ends."""

import numpy as np
import pytest
import torch

import hxtorch.snn as hxsnn
from hxtorch.core import calibration, open_session


@pytest.fixture
def measured(monkeypatch):
    """Targets that a calibration was wanted for; the codes are nominal, and count as measured."""
    wanted = []

    def for_target(connection, target, folder=None):
        wanted.append(target)
        found = calibration.nominal_calibration(connection, target)
        found.provenance["method"] = "measured"
        return found

    monkeypatch.setattr(calibration, "for_target", for_target)
    return wanted


@pytest.fixture
def run():
    """Return a function that runs a layer of two neurons with some membrane time constant, trained or not."""
    with open_session(serial="emulated-1", fidelity="calibrated"):
        exp = hxsnn.Experiment(dt=1e-6)
        synapse = hxsnn.Synapse(2, 2, experiment=exp)
        synapse.reset_parameters(20.0, 1.0)
        neuron = hxsnn.Neuron(2, experiment=exp, tau_mem=torch.nn.Parameter(torch.full((2,), 10e-6)))

        def once(tau_mem=None):
            if tau_mem is not None:
                with torch.no_grad():
                    neuron.tau_mem.model_value.copy_(torch.as_tensor(tau_mem))
            neuron(synapse(hxsnn.NeuronHandle(torch.zeros(10, 1, 2))))
            hxsnn.run(exp, 10)
            return exp.default_execution_instance.chip.configuration.i_leak[:2]

        once.experiment = exp
        yield once


def test_small_steps_move_codes_from_those_that_were_measured(measured, run):
    first = run()
    for tau_mem in (9.9e-6, 10.2e-6, 9.5e-6, 10.9e-6):
        np.testing.assert_array_equal(run(tau_mem), np.rint(first * 10e-6 / tau_mem))
    assert len(measured) == 1


def test_far_steps_measure_and_are_where_codes_move_from_then(measured, run):
    run()
    run(12e-6)
    assert len(measured) == 2
    run(12.9e-6)
    assert len(measured) == 2
    run(10e-6)
    assert len(measured) == 3


def test_who_asks_measures_again(measured, run):
    run()
    run(10.5e-6)
    run.experiment.recalibrate()
    run()
    assert len(measured) == 2
    assert float(measured[-1].per_neuron("tau_mem")[0]) == pytest.approx(10.5e-6)
