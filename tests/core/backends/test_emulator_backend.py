"""What is special about the emulator behind the seam."""

import numpy as np
import pytest

from hxtorch.core import BackendError, ChipConfiguration, open_session
from hxtorch.core.backends.emulator.spiking import senders


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"fidelity": "perfect"}, "fidelity: got 'perfect', wanted ideal, calibrated, full"),
        ({"imperfections": {"gremlins": True}}, "imperfections: got 'gremlins', wanted .*cadc_noise"),
    ],
)
def test_unknown_settings_are_refused(given, message):
    with pytest.raises(BackendError, match=message):
        open_session(**given)


def test_switched_imperfections_are_told():
    with open_session(fidelity="full", imperfections={"synapse": False, "cadc_noise": True}) as session:
        assert session.connection.describe()["imperfections"] == "cadc_noise on, synapse off"
    with open_session(fidelity="full") as session:
        assert "imperfections" not in session.connection.describe()


def test_labels_tell_the_neuron():
    rng = np.random.default_rng(0)
    addresses = np.empty(512, np.uint8)
    for output in range(8):
        neurons = np.flatnonzero(np.arange(512) % 256 // 32 == output)
        addresses[neurons] = rng.permutation(256)[: len(neurons)]
    config = ChipConfiguration(event_address=addresses, enable_spike_output=True)
    neurons = rng.integers(0, 512, 1000)
    labels = (neurons % 256 // 32 << 8 | addresses[neurons]).astype(np.uint16)
    np.testing.assert_array_equal(senders(config)[labels], neurons)


def test_of_two_neurons_with_one_label_the_first_is_told():
    config = ChipConfiguration(event_address=7, enable_spike_output=np.isin(np.arange(512), [5, 6, 270]))
    assert senders(config)[7] == 5


def test_the_run_counter_repeats_a_run():
    with open_session(fidelity="full") as session:
        connection = session.connection
        assert connection.run_counter == 0
        connection.run_counter = 12
        assert connection.run_counter == 12
