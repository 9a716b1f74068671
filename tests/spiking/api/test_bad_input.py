"""What a chip can not do raises a typed error that says what to do, and leaves the session usable."""

import pickle

import numpy as np
import pytest
import torch

import hxtorch
from hxtorch import core
from hxtorch import snn as hxsnn
from hxtorch.core import calibration
from hxtorch.spiking.errors import ExperimentError, ExperimentWarning, ParameterError, TensorTypeError

SPIKES = torch.zeros(30, 2, 5)


@pytest.fixture
def exp(ideal_chip):
    """An experiment on a chip; afterwards the chip must still run one."""
    yield hxsnn.Experiment(dt=1e-6)
    after = hxsnn.Experiment(dt=1e-6)
    z = hxsnn.Neuron(3, after)(hxsnn.Synapse(5, 3, after)(hxsnn.NeuronHandle(SPIKES)))
    hxsnn.run(after, 30)
    assert z.spikes.shape == (30, 2, 3)


def layer(exp, n_in=5, n_out=3, spikes=None, **arguments):
    lif = hxsnn.Neuron(n_out, exp, **arguments)
    return lif(
        hxsnn.Synapse(n_in, n_out, exp)(hxsnn.NeuronHandle(torch.zeros(30, 2, n_in) if spikes is None else spikes))
    )


def test_an_argument_that_is_right_is_not_blamed_for_a_fault_inside(monkeypatch):
    exp = hxsnn.Experiment(mock=True)
    layer(exp)
    monkeypatch.setattr("hxtorch.spiking.experiment.running._checked_inputs", dict.fromkeys([]).__getitem__)
    with pytest.raises(TypeError, match="takes exactly one argument") as caught:
        hxsnn.run(exp, 30)
    assert not isinstance(caught.value, core.HXTorchError)


def test_every_error_is_ours_and_a_builtin():
    from hxtorch.spiking import errors

    ours = [value for value in vars(errors).values() if isinstance(value, type) and value is not core.HXTorchError]
    ours = [value for value in ours if not issubclass(value, Warning)]
    assert len(ours) >= 5
    for error in ours:
        if issubclass(error, Warning):
            continue
        assert issubclass(error, core.HXTorchError)
        assert issubclass(error, (ValueError, TypeError, RuntimeError))


def test_no_connection():
    exp = hxsnn.Experiment(dt=1e-6)
    layer(exp)
    with pytest.raises(core.NoConnectionError, match=r"hxtorch.init_hardware"):
        hxsnn.run(exp, 30)


def test_runtime_is_needed_on_a_chip(exp):
    layer(exp)
    with pytest.raises(ExperimentError, match="runtime"):
        hxsnn.run(exp, None)


def test_run_beyond_the_timer(exp):
    layer(exp)
    with pytest.raises(ValueError, match=r"34.36 s"):
        hxsnn.run(exp, 40_000_000)


@pytest.mark.parametrize("late", [20, 29])
def test_spikes_at_or_beyond_the_runtime(exp, late):
    spikes = SPIKES.clone()
    spikes[late, 1, 3] = 1
    layer(exp, spikes=spikes)
    with pytest.warns(ExperimentWarning, match="Synapse.*1 input spikes are at or after the runtime of 20 steps"):
        hxsnn.run(exp, 20)


@pytest.mark.parametrize("value", [0.5, 2.0, -1.0])
def test_graded_input_spikes(exp, value):
    spikes = SPIKES.clone()
    spikes[3, 0, 1] = value
    layer(exp, spikes=spikes)
    with pytest.warns(ExperimentWarning, match=f"Synapse.*1 inputs are neither 0 nor 1, the first {value:g}"):
        hxsnn.run(exp, 30)


def test_weight_beyond_a_synapse(exp):
    syn = hxsnn.Synapse(5, 3, exp, transform=lambda weight: 64 + 0 * weight)
    hxsnn.Neuron(3, exp)(syn(hxsnn.NeuronHandle(SPIKES)))
    with pytest.raises(core.OperandRangeError, match=r"got 64 LSB.*wanted -63 to 63"):
        hxsnn.run(exp, 30)


@pytest.mark.parametrize("result", [None, np.zeros((3, 5), np.float32)])
def test_transform_that_returns_no_tensor(exp, result):
    syn = hxsnn.Synapse(5, 3, exp, transform=lambda weight: result)
    hxsnn.Neuron(3, exp)(syn(hxsnn.NeuronHandle(SPIKES)))
    with pytest.raises(TensorTypeError, match=f"returned {type(result).__name__}, wanted a tensor"):
        hxsnn.run(exp, 30)


def test_more_neurons_than_circuits(exp):
    layer(exp, n_out=513)
    with pytest.raises(core.PlacementError, match="512"):
        hxsnn.run(exp, 30)


def test_more_inputs_than_rows(exp):
    layer(exp, n_in=129)
    with pytest.raises(core.RoutingError, match="128"):
        hxsnn.run(exp, 30)


def test_neuron_taken_twice(exp):
    x = hxsnn.NeuronHandle(SPIKES)
    for _ in range(2):
        hxsnn.Neuron(1, exp, placement_constraint=[5])(hxsnn.Synapse(5, 1, exp)(x))
    with pytest.raises(core.PlacementError, match="taken"):
        hxsnn.run(exp, 30)


@pytest.mark.parametrize("index", [None, [0, 1], (0,), -1, 3, True, 1.0])
def test_madc_records_exactly_one_neuron(exp, index):
    with pytest.raises(core.RecordingError, match="record_neuron_id"):
        hxsnn.Neuron(3, exp, enable_madc_recording=True, record_neuron_id=index)


def test_madc_records_one_neuron_of_the_whole_chip(exp):
    x = hxsnn.NeuronHandle(SPIKES)
    for _ in range(2):
        lif = hxsnn.Neuron(3, exp, enable_madc_recording=True, record_neuron_id=0)
        lif(hxsnn.Synapse(5, 3, exp)(x))
    with pytest.raises(core.RecordingError, match="MADC"):
        hxsnn.run(exp, 30)


def test_one_bias_current_for_the_chip(exp):
    x = hxsnn.NeuronHandle(SPIKES)
    for bias in (600, 1000):
        hxsnn.Neuron(3, exp, synapse_dac_bias=bias)(hxsnn.Synapse(5, 3, exp)(x))
    with pytest.raises(ParameterError, match=r"synapse_dac_bias: got \[600.0, 1000.0\]"):
        hxsnn.run(exp, 30)


def test_target_that_no_chip_reaches(exp):
    layer(exp, threshold=hxsnn.MixedHXModelParameter(1.0, 300))
    with pytest.raises(ValueError, match=r"threshold.*300"):
        hxsnn.run(exp, 30)


def test_model_parameter_without_a_value_for_the_chip(exp):
    layer(exp, tau_mem=hxsnn.ModelParameter(10e-6))
    with pytest.raises(ParameterError, match="no value for the chip"):
        hxsnn.run(exp, 30)


def test_chip_parameter_per_neuron_has_as_many_values_as_neurons(exp):
    layer(exp, threshold=hxsnn.MixedHXModelParameter(1.0, torch.tensor([120.0, 130.0])))
    with pytest.raises(ParameterError, match=r"threshold: got shape \(2,\)"):
        hxsnn.run(exp, 30)


def test_synapse_and_target_on_different_instances(exp):
    one, other = hxsnn.ExecutionInstance(), hxsnn.ExecutionInstance()
    syn = hxsnn.Synapse(5, 3, exp, execution_instance=one)
    hxsnn.Neuron(3, exp, execution_instance=other)(syn(hxsnn.NeuronHandle(SPIKES)))
    with pytest.raises(ExperimentError, match="another execution instance"):
        hxsnn.run(exp, 30)


def test_instances_that_need_each_other(exp):
    one, other = hxsnn.ExecutionInstance(), hxsnn.ExecutionInstance()
    x = hxsnn.NeuronHandle(SPIKES)
    first = hxsnn.Neuron(3, exp, execution_instance=one)(hxsnn.Synapse(5, 3, exp)(x))
    second = hxsnn.Neuron(3, exp, execution_instance=other)(hxsnn.Synapse(3, 3, exp)(first))
    hxsnn.Neuron(3, exp, execution_instance=one)(hxsnn.Synapse(3, 3, exp)(second))
    with pytest.raises(ExperimentError, match="circle"):
        hxsnn.run(exp, 30)


def test_neuron_without_synapse(exp):
    hxsnn.Neuron(3, exp)(hxsnn.SynapseHandle(torch.zeros(30, 2, 3)))
    with pytest.raises(ExperimentError, match="comes from no synapse"):
        hxsnn.run(exp, 30)


# Calibration files


def a_calibration(kind="spiking", serial="emulated-1"):
    with core.open_session(serial=serial, fidelity="ideal") as session:
        target = calibration.SpikingCalibTarget() if kind == "spiking" else calibration.HagenCalibTarget()
        return calibration.for_target(session.connection, target)


def test_loaded_calibration_is_used(exp, tmp_path):
    with core.open_session(fidelity="ideal") as session:
        made = calibration.for_target(session.connection, calibration.SpikingCalibTarget(leak=100))
    path = calibration.save(made, tmp_path / "spiking_cocolist.pbin")  # names decide nothing
    for load in ("experiment", "instance", "constructor"):
        one = hxsnn.Experiment(dt=1e-6, calib_path=path if load == "constructor" else None)
        if load == "experiment":
            one.load_calib(str(path))
        elif load == "instance":
            one.default_execution_instance.load_calib(path)
        z = layer(one)
        hxsnn.run(one, 30)
        assert (z.membrane_cadc + 28).abs().max() <= 1


def test_a_loaded_calibration_for_other_parameters_is_reported(exp, tmp_path, caplog):
    with core.open_session(fidelity="ideal") as session:
        made = calibration.for_target(session.connection, calibration.SpikingCalibTarget(leak=100))
    exp.load_calib(calibration.save(made, tmp_path / "spiking.safetensors"))
    synapse, neuron = hxsnn.Synapse(5, 3, exp), hxsnn.Neuron(3, exp)
    for _ in range(2):
        neuron(synapse(hxsnn.NeuronHandle(torch.zeros(30, 2, 5))))
        hxsnn.run(exp, 30)
    reports = [record.getMessage() for record in caplog.records if "made for other parameters" in record.getMessage()]
    assert len(reports) == 1  # not with each run
    assert "leak" in reports[0]

    exp.default_execution_instance.strict = True
    strict = hxsnn.Experiment(dt=1e-6, execution_instance=exp.default_execution_instance)
    layer(strict)
    with pytest.raises(core.CalibrationTargetError, match="leak"):
        hxsnn.run(strict, 30)
    exp.default_execution_instance.strict = False
    layer(exp)
    hxsnn.run(exp, 30)  # the session and the other experiment go on


@pytest.mark.parametrize(
    "content",
    [pickle.dumps({"leak": 80}), b"", b"\x00" * 64, b"{}", b"not a calibration", np.arange(9).tobytes()],
    ids=["pickle", "empty", "zeros", "json", "text", "numbers"],
)
@pytest.mark.parametrize("name", ["calib.pkl", "calib.safetensors"])
def test_file_that_is_no_calibration(exp, tmp_path, content, name):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(core.CalibrationFormatError):
        exp.load_calib(path)
    with pytest.raises(core.CalibrationFormatError):
        hxsnn.Experiment(calib_path=path)


def test_pickle_is_never_executed(exp, tmp_path):
    class Trap:
        def __reduce__(self):
            return (tmp_path.joinpath("executed").write_text, ("x",))

    path = tmp_path / "calib.pkl"
    path.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(core.CalibrationFormatError):
        exp.load_calib(path)
    assert not tmp_path.joinpath("executed").exists()


def test_missing_file(exp, tmp_path):
    with pytest.raises(core.HXTorchError, match="no such file"):
        exp.load_calib(tmp_path / "none")


def test_calibration_for_matrix_products(exp, tmp_path):
    path = calibration.save(a_calibration("hagen"), tmp_path / "calib")
    with pytest.raises(core.CalibrationFormatError, match=r"hagen.*wanted a spiking"):
        exp.load_calib(path)


def test_calibration_of_another_chip(exp, tmp_path):
    path = calibration.save(a_calibration(serial="emulated-2"), tmp_path / "calib")
    with pytest.raises(core.CalibrationSerialError, match="emulated-2"):
        exp.load_calib(path)


def test_calibration_of_another_chip_loaded_before_connecting(tmp_path):
    path = calibration.save(a_calibration(serial="emulated-2"), tmp_path / "calib")
    exp = hxsnn.Experiment(dt=1e-6, calib_path=path)
    layer(exp)
    with core.open_session(fidelity="ideal"), pytest.raises(core.CalibrationSerialError, match="emulated-2"):
        hxsnn.run(exp, 30)


def test_loaded_calibration_needs_no_values_from_modules(exp, tmp_path):
    exp.load_calib(calibration.save(a_calibration(), tmp_path / "calib"))
    z = layer(exp, tau_mem=hxsnn.ModelParameter(10e-6))
    hxsnn.run(exp, 30)
    assert z.spikes is not None


def test_mock_mode_needs_no_chip_and_takes_any_network():
    exp = hxsnn.Experiment(mock=True)
    z = layer(exp, n_in=300, n_out=700, threshold=hxsnn.MixedHXModelParameter(1.0, 300))
    hxsnn.run(exp, None)
    assert z.spikes.shape == (30, 2, 700)


def test_module_names():
    assert hxtorch.snn is hxtorch.spiking


@pytest.mark.parametrize("dt", [0.0, -1e-6, float("nan"), float("inf"), "1e-6", None])
def test_a_step_that_is_no_positive_number_is_refused(dt):
    with pytest.raises(ParameterError, match="dt: got"):
        hxsnn.Experiment(dt=dt)
