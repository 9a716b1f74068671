"""A pulse reaches the synapses it is meant for, on every neuron, and no others."""

import numpy as np
import pytest

from hxtorch.core import open_session
from hxtorch.core.calibration import SpikingCalibTarget, for_target
from hxtorch.core.calibration.bench.stimuli import (
    EXCITATORY,
    INHIBITORY,
    pulses,
    spike_output_registers,
    stimulus_registers,
)
from hxtorch.core.seam.configuration import ChipConfiguration
from hxtorch.core.seam.programs import InputEvents, Recording, SpikingProgram


@pytest.fixture(scope="module")
def ideal():
    with open_session(serial="emulated-1", fidelity="ideal") as session:
        yield session


@pytest.mark.parametrize(("sign", "rows"), [(EXCITATORY, 1), (INHIBITORY, 1), (EXCITATORY, 3), (INHIBITORY, 2)])
def test_every_neuron_answers_alike_to_every_pulse(ideal, sign, rows):
    configuration = for_target(ideal.connection, SpikingCalibTarget()).apply(ChipConfiguration())
    configuration = configuration.replace(**stimulus_registers((20, 20)), enable_threshold=False)
    entries, recording = 40, Recording(np.arange(512))
    events = pulses(np.array([10e-6]), np.full(entries, sign), rows)
    result = ideal.run_spiking(SpikingProgram(configuration, 5000, events, recording))
    assert result.info.events_dropped.sum() == 0
    for samples in result.cadc:
        values = samples.values.reshape(entries, -1, 256).astype(int)
        assert (values == values[0, :, :1]).all()  # whichever driver the pulse of an entry takes
        change = values[0, :, 0] - 80
        extreme = change.max() if sign == EXCITATORY else -change.min()
        assert extreme == pytest.approx(rows * 20 * 0.282, abs=1.0)


def test_pulses_use_many_drivers():
    events = pulses(np.array([1e-6, 50e-6, 100e-6]), np.zeros(30, np.int64), rows=2)
    assert len(np.unique(events.labels)) == 64
    assert events.batch_size == 30
    assert len(events.times) == 30 * 3 * 2


def test_spikes_of_all_neurons_come_back_with_distinct_labels():
    registers = spike_output_registers()
    output = np.arange(512) % 256 // 32
    assert len(np.unique(output * 256 + registers["event_address"])) == 512
    with open_session(serial="emulated-1", fidelity="ideal") as session:
        configuration = for_target(session.connection, SpikingCalibTarget(leak=140)).apply(ChipConfiguration())
        program = SpikingProgram(configuration.replace(**registers), 12500, InputEvents.silence())
        spikes = session.run_spiking(program).spikes
    assert np.bincount(spikes.neurons, minlength=512).min() >= 1
