"""The low level: connections, compiled names, events of grids, coordinates and the log."""

import logging
from importlib import import_module

import pytest
import torch

import hxtorch
from hxtorch import core


@pytest.mark.parametrize("module", ["hxtorch", "_hxtorch_core"])
@pytest.mark.parametrize(
    "name",
    [
        "init_hardware",
        "init_hardware_minimal",
        "release_hardware",
        "get_unique_identifier",
        "CalibrationPath",
        "HWDBPath",
    ],
)
def test_the_name_is_in_both_places(module, name):
    assert getattr(import_module(module), name) is getattr(hxtorch, name)


@pytest.mark.parametrize(
    "name",
    [
        "extract_spikes",
        "extract_cadc",
        "extract_madc",
        "run",
        "tensor_to_spike_times",
        "SpikeHandle",
        "CADCHandle",
        "MADCHandle",
    ],
)
def test_a_low_level_name_of_spiking(name):
    assert callable(getattr(import_module("_hxtorch_spiking"), name))
    assert callable(getattr(import_module("hxtorch.core"), name))


def test_identifiers_are_a_list_of_texts(chip):
    found = hxtorch.get_unique_identifier()
    assert isinstance(found, (list, tuple))
    assert [type(one) for one in found] == [str]


def test_any_value_but_zero_in_a_grid_is_a_spike_with_a_time():
    grid = torch.zeros(10, 2, 2)
    grid[3, 0, 0], grid[7, 0, 1], grid[2, 1, 1] = 1, -1, 0.5
    found = import_module("_hxtorch_spiking").tensor_to_spike_times(grid, 1e-6)
    assert [[len(neuron) for neuron in entry] for entry in found] == [[1, 1], [0, 1]]
    times = [float(found[b][n][0]) for b, n in ((0, 0), (0, 1), (1, 1))]
    assert times == pytest.approx([3e-6, 7e-6, 2e-6])


def test_weights_become_connections_target_by_target():
    found = import_module("_hxtorch_core").weight_to_connection(torch.tensor([[1.0, -2.0], [0.0, 4.0], [5.0, 6.0]]))
    assert [connection.weight for connection in found] == [1, 2, 0, 4, 5, 6]
    assert [int(connection.index_post[0]) for connection in found] == [0, 0, 1, 1, 2, 2]
    assert [int(connection.index_pre[0]) for connection in found] == [0, 1] * 3


def test_rows_and_columns_give_a_circuit_in_either_order():
    from dlens_vx_v3 import halco

    row, column = halco.NeuronRowOnDLS(1), halco.NeuronColumnOnDLS
    assert [int(halco.AtomicNeuronOnDLS(row, column(k))) for k in range(3)] == [256, 257, 258]
    assert int(halco.AtomicNeuronOnDLS(column(5), row)) == 261


@pytest.fixture
def _own_logging():
    """What a test says about all loggers ends with it."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.usefixtures("_own_logging")
def test_a_logger_has_the_levels_of_the_chips_software(caplog):
    log = hxtorch.logger.get("behaviour.levels")
    hxtorch.logger.set_loglevel(log, hxtorch.logger.LogLevel.INFO)
    log.INFO("a")
    log.TRACE("b")
    log.WARN("c")
    assert [record.getMessage() for record in caplog.records] == ["a", "c"]


@pytest.mark.usefixtures("_own_logging")
def test_loggers_without_a_level_of_their_own_follow_the_default_one(capsys):
    hxtorch.logger.default_config(level=hxtorch.logger.LogLevel.ERROR)
    hxtorch.logger.get("behaviour.default").WARN("unheard")
    hxtorch.logger.get("behaviour.default").ERROR("loud")
    shown = capsys.readouterr().err
    assert "loud" in shown
    assert "unheard" not in shown


def test_the_version_is_text():
    """Ours, beyond the documents."""
    assert isinstance(hxtorch.__version__, str)


@pytest.mark.parametrize("spiking", [True, False])
def test_the_older_keyword_says_which_calibration_is_loaded(spiking, monkeypatch):
    """ "Boolean flag indicating whether spiking or non-spiking calibration is loaded"."""
    asked = []
    found = core.Session.matrix_calibration
    monkeypatch.setattr(core.Session, "matrix_calibration", property(lambda self: asked.append(found.fget(self))))
    hxtorch.init_hardware(spiking=spiking)
    assert bool(asked) is not spiking
