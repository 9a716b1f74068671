"""Contract: numbers that no chip has are refused where they come in, and never rounded or wrapped to others."""

import numpy as np
import pytest

from hxtorch.core import (
    BackgroundPopulation,
    BackgroundSpikeSource,
    ChipConfiguration,
    ConfigurationError,
    ExternalPopulation,
    InputEvents,
    MatrixProgram,
    NetworkBuilder,
    NetworkInputs,
    Population,
    ProgramError,
    Projection,
    Recording,
    RecordingError,
    RoutingError,
    SpikingProgram,
    TimedWrite,
    open_session,
)
from hxtorch.core.compute import MAC, Addition, ArgMax, ConvertingReLU
from hxtorch.core.errors import BackendError, HXTorchError

ONE = np.array([1])
REGISTERS = ChipConfiguration()
SILENCE = InputEvents.silence()
MATRIX = np.ones((3, 2), int)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: InputEvents(np.array([1.5]), ONE, np.array([0, 1])), ProgramError, "times: got values of type float"),
        (lambda: InputEvents(np.array([np.nan]), ONE, np.array([0, 1])), ProgramError, "round them first"),
        (lambda: InputEvents(ONE, np.array([70000]), np.array([0, 1])), ProgramError, "labels: got 70000, wanted 0 to"),
        (lambda: InputEvents(ONE, np.array([-1]), np.array([0, 1])), ProgramError, "labels: got -1, wanted 0 to"),
        (lambda: InputEvents(["a"], ONE, np.array([0, 1])), ProgramError, "times: got values of type <U1"),
        (lambda: InputEvents(np.array([2**63 + 5], np.uint64), ONE, np.array([0, 1])), ProgramError, "times: got 9223"),
        (lambda: InputEvents(ONE, ONE, np.array([0, 1.9])), ProgramError, "batch_offsets: got values of type float64"),
        (lambda: InputEvents.silence(0), ProgramError, "batch_size: got 0, wanted an integer of at least 1"),
        (lambda: InputEvents.silence(1.5), ProgramError, "batch_size: got 1.5"),
        (lambda: NetworkInputs(100, 1.5), ProgramError, "batch_size: got 1.5"),
        (lambda: NetworkInputs(100.0), ProgramError, "got 100.0, wanted an integer from 1 to 4294967295"),
        (lambda: SpikingProgram(REGISTERS, 1.5, SILENCE), ProgramError, "runtime .*got 1.5"),
        (lambda: SpikingProgram(REGISTERS, True, SILENCE), ProgramError, "runtime .*got True"),
        (lambda: SpikingProgram(REGISTERS, 2**32, SILENCE), ProgramError, r"at most 34.36 s\): got 4294967296"),
        (lambda: TimedWrite(0.5, {"debug_voltage": 3}), ProgramError, "time: got 0.5"),
        (lambda: Recording(cadc_neurons=[1.5]), RecordingError, "cadc_neurons: got values of type float64"),
        (lambda: Recording(correlation_rows=[0.5]), RecordingError, "correlation_rows: got values of type"),
        (lambda: Recording(madc_neuron=1.5), RecordingError, "madc_neuron: got 1.5, wanted an integer from 0 to 511"),
        (lambda: Recording(madc_neuron=[1, 2]), RecordingError, r"madc_neuron: got \[1, 2\]"),
        (lambda: MatrixProgram(REGISTERS, MATRIX, MATRIX.T, num_sends=1.5), ProgramError, "num_sends: got 1.5"),
        (lambda: MatrixProgram(REGISTERS, MATRIX, MATRIX.T, madc_column=2), ProgramError, "madc_column: got 2, wanted"),
        (lambda: MAC(MATRIX, wait_between_events=2.5), ProgramError, "wait_between_events: got 2.5"),
        (lambda: ConvertingReLU(1.5), ProgramError, "shift: got 1.5, wanted an integer from 0 to 7"),
        (lambda: ArgMax().run(np.zeros((2, 0), np.int8)), ProgramError, "at least one along the last axis"),
        (lambda: Addition(np.ones(2, np.int8)).run(np.ones(3, np.int8)), ProgramError, r"broadcasts with \(2,\)"),
        (lambda: Population([1, 2], madc_index=0.5), RecordingError, "madc_index: got 0.5, wanted an integer"),
        (lambda: ExternalPopulation(2.5), RoutingError, "sources: got 2.5"),
        (lambda: ExternalPopulation("a"), RoutingError, "sources: got 'a'"),
        (lambda: BackgroundPopulation(2.0), RoutingError, "got 2.0 background sources"),
        (lambda: NetworkBuilder().add(3), RoutingError, "got int, wanted a Population"),
        (lambda: NetworkBuilder().add_recording(3), RecordingError, "got int, wanted a CADCRecording"),
        (lambda: open_session(seed=1.5), BackendError, "seed: got 1.5"),
    ],
)  # fmt: skip
def test_what_is_no_number_of_the_chip_is_refused(make, error, message):
    with pytest.raises(error, match=message) as caught:
        make()
    assert isinstance(caught.value, HXTorchError)


def test_masks_are_boolean():
    builder = NetworkBuilder()
    inputs, layer = builder.add(ExternalPopulation(1)), builder.add(Population([0]))
    with pytest.raises(RoutingError, match="a mask of type float64, wanted booleans"):
        Projection(inputs, layer, [[1]], [[0.5]])
    with pytest.raises(ConfigurationError, match="wanted integers"):
        Projection(inputs, layer, [[1.5]])


def test_integers_of_numpy_are_integers():
    assert BackgroundSpikeSource(np.int64(5), np.uint8(7)) == BackgroundSpikeSource(5, 7)
    assert SpikingProgram(REGISTERS, np.int32(5), SILENCE).runtime == 5
    assert ConvertingReLU(np.int64(2)).run(np.array([20], np.int8)).tolist() == [5]
    with open_session(fidelity="ideal", seed=np.int64(3)) as session:
        assert session.setup == open_session(fidelity="ideal", seed=3).setup


def test_nothing_at_all_counts_as_integers():
    assert InputEvents([], [], [0, 0]).times.dtype == np.int64
    assert Recording(cadc_neurons=[]).cadc_neurons.shape == (0,)


def test_a_population_keeps_its_own_neurons():
    neurons, circuits = np.array([3, 5]), np.array([[3, 259], [5, 261]])
    population = Population(neurons, circuits=circuits)
    neurons[:] = circuits[:] = 0
    assert population.neurons.tolist() == [3, 5]
    assert population.circuits.tolist() == [[3, 259], [5, 261]]
