"""Scripts written for the chip's own software stack find its modules when they ask for them, and only then."""

import os
import subprocess
import sys

import pytest

import hxtorch
from hxtorch import core
from hxtorch.core import compat
from hxtorch.core.compat.names import MODULES


def run_compat(*arguments, cwd=None, **environment) -> subprocess.CompletedProcess:
    return subprocess.run(  # noqa: S603
        [sys.executable, "-W", "error", "-m", "hxtorch.core.compat", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, **environment},
    )


SCRIPT = """
import sys
import numpy as np
import hxtorch
import pylogging as logger
import pygrenade_vx as grenade
from dlens_vx_v3 import hal, halco, hxcomm, lola, sta
from pyhalco_hicann_dls_vx_v3 import AtomicNeuronOnDLS
import pylola_vx_v3

log = logger.get("script")
logger.set_loglevel(log, logger.LogLevel.WARN)
log.INFO("not shown")

builder = grenade.network.NetworkBuilder()
inputs = builder.add(grenade.network.ExternalSourcePopulation(2))
neurons = [AtomicNeuronOnDLS(halco.NeuronColumnOnDLS(column), halco.NeuronRowOnDLS.bottom) for column in range(3)]
layer = builder.add(grenade.network.Population(np.array(neurons)))
builder.add(grenade.network.Projection(inputs, layer, np.full((2, 3), 63)))
network = builder.done()
graph = grenade.network.build_network_graph(network, grenade.network.build_routing(network))

chip = lola.Chip()
for neuron in neurons:
    circuit = chip.neuron_block.atomic_neurons[neuron]
    circuit.leak.v_leak = hal.CapMemCell.Value(900)
    circuit.threshold.enable = True
    circuit.constant_current.type = lola.AtomicNeuron.ConstantCurrent.Type.source
assert pylola_vx_v3.Chip is lola.Chip

with hxcomm.ManagedConnection() as connection:
    runtime = 100 * hal.Timer.Value.fpga_clock_cycles_per_us
    result = hxtorch.core.run(chip.configuration, graph, hxtorch.core.NetworkInputs(runtime))
    print(connection.get_unique_identifier(), sorted(set(result.spikes.neurons.tolist())))
print(__name__, sys.argv[1:])
"""


def test_a_script_of_the_chip_stack_runs(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    result = run_compat(path, "--epochs", "3", "-h", HXTORCH_FIDELITY="ideal", HXTORCH_CHIP="emulated-7")
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == ["['emulated-7'] [256, 257, 258]", "__main__ ['--epochs', '3', '-h']"]
    assert result.stderr == ""


def test_a_script_finds_the_modules_beside_it(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "beside.py").write_text("value = 5\n")
    (tmp_path / "folder" / "script.py").write_text("import beside, sys; print(beside.value, sys.argv)\n")
    result = run_compat("folder/script.py", cwd=tmp_path)
    assert result.stdout == "5 ['folder/script.py']\n", result.stderr


def test_the_exit_status_is_that_of_the_script(tmp_path):
    path = tmp_path / "script.py"
    path.write_text("import sys; sys.exit(7)\n")
    assert run_compat(path).returncode == 7
    path.write_text("raise KeyError('mine')\n")
    result = run_compat(path)
    assert (result.returncode, result.stderr.splitlines()[-1]) == (1, "KeyError: 'mine'")


def test_a_missing_script_is_refused(tmp_path):
    result = run_compat(tmp_path / "nowhere.py")
    assert result.returncode == 2
    assert "nowhere.py: no such file" in result.stderr


@pytest.mark.parametrize("name", MODULES)
def test_modules_are_there_only_while_installed(name):
    with pytest.raises(ModuleNotFoundError):
        __import__(name)
    with compat.installed():
        with compat.installed():
            __import__(name)
        assert sys.modules[name].__all__ == [n for n in dir(sys.modules[name]) if not n.startswith("__")]
    assert not set(MODULES) & set(sys.modules)
    with pytest.raises(ModuleNotFoundError):
        __import__(name)


def test_importing_compat_installs_nothing():
    code = "import sys, hxtorch.core.compat; print(*sys.modules); print(sys.meta_path)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    modules, finders = result.stdout.splitlines()
    assert not set(MODULES) & set(modules.split())
    assert "CompatFinder" not in finders


def test_names_are_types_of_core():
    with compat.installed():
        import pygrenade_vx.network
        import pylogging
        from dlens_vx_v3.halco import AtomicNeuronOnDLS, iter_all
        from pyhalco_hicann_dls_vx_v3 import LogicalNeuronOnDLS

        assert AtomicNeuronOnDLS is core.AtomicNeuronOnDLS
        assert LogicalNeuronOnDLS is core.LogicalNeuronOnDLS
        assert [int(neuron) for neuron in iter_all(AtomicNeuronOnDLS)] == list(range(512))
        assert pygrenade_vx.network.NetworkBuilder is core.NetworkBuilder
        assert pylogging.get is hxtorch.logger.get


@pytest.mark.parametrize("module", MODULES)
def test_a_name_that_core_lacks_says_what_there_is(module):
    with compat.installed():
        __import__(module)
        with pytest.raises(AttributeError, match="has no 'Nonsense'; it has ") as looked_up:
            sys.modules[module].Nonsense  # noqa: B018
        with pytest.raises(compat.CompatError, match="has no 'Nonsense'; it has ") as imported:
            __import__(module, fromlist=["Nonsense"])
        assert str(looked_up.value) == str(imported.value)
        with pytest.raises(ImportError, match="has no 'nonsense'"):
            __import__(f"{module}.nonsense")
        assert not hasattr(sys.modules[module], "Nonsense")
        for name in (*MODULES[module].names, "has"):
            assert name in str(imported.value)


@pytest.mark.parametrize(
    ("module", "name", "nearest"),
    [
        ("dlens_vx_v3.halco", "AtomicNeuronOnDls", "nearest is AtomicNeuronOnDLS"),
        ("dlens_vx_v3.lola", "Chips", "nearest is Chip"),
        ("pygrenade_vx", "networks", "nearest is network"),
        ("dlens_vx_v3.hal", "AtomicNeuronOnDLS", "it is in dlens_vx_v3.halco"),
        ("pygrenade_vx.network", "Time", "it is in pygrenade_vx.common"),
    ],
)
def test_a_name_that_core_lacks_says_which_is_nearest(module, name, nearest):
    with compat.installed():
        __import__(module)
        with pytest.raises(AttributeError, match=f"has no '{name}'; it has .*; {nearest} "):
            getattr(sys.modules[module], name)


def test_an_unknown_name_ends_a_script_with_the_advice(tmp_path):
    path = tmp_path / "script.py"
    path.write_text("from dlens_vx_v3.sta import PlaybackProgramBuilder\n")
    result = run_compat(path)
    assert result.returncode == 1
    assert "has no 'PlaybackProgramBuilder'; it has no names (core runs networks" in result.stderr.splitlines()[-1]


NOTEBOOK = """
import hxtorch.compat
import pygrenade_vx as grenade
from dlens_vx_v3 import hal, halco, hxcomm, lola
import pylogging

assert grenade.common.Time(3) + 2 == 5
assert grenade.common.Time.fpga_clock_cycles_per_us == hal.Timer.Value.fpga_clock_cycles_per_us == 125
assert grenade.signal_flow.ExecutionInstanceHooks is grenade.execution.ExecutionInstanceHooks
assert hal.NeuronConfig.ReadoutSource.adaptation == 3
assert halco.AtomicNeuronOnDLS(halco.NeuronRowOnDLS(1), halco.NeuronColumnOnDLS(5)) == 261
assert isinstance(lola.LogicalNeuron(), halco.LogicalNeuronCompartments)
assert repr(grenade.network.routing.PortfolioRouter()).startswith("PortfolioRouter(")
print(pylogging.get("x").name)
"""


def test_one_line_makes_the_modules_importable():
    result = subprocess.run(  # noqa: S603
        [sys.executable, "-W", "error", "-c", NOTEBOOK], capture_output=True, text=True, check=False
    )
    assert (result.stdout, result.stderr) == ("x\n", "")


def test_a_router_is_an_object_that_routes():
    with compat.installed():
        import pygrenade_vx as grenade

        builder = grenade.network.NetworkBuilder()
        inputs = builder.add(grenade.network.ExternalSourcePopulation(2))
        layer = builder.add(grenade.network.Population([0, 1, 2]))
        builder.add(grenade.network.Projection(inputs, layer, [[5, 6, 7], [1, 2, 3]]))
        routing = grenade.network.routing.PortfolioRouter()(builder.done())
        assert isinstance(routing, grenade.network.routing.RoutingResult)


def test_projections_are_made_of_connections_onto_receptors():
    """Excitatory connections are positive weights, inhibitory ones negative; an instance may be said."""
    with compat.installed():
        import pygrenade_vx as grenade

        network, instance = grenade.network, grenade.common.ExecutionInstanceID(0)
        builder = network.NetworkBuilder()
        inputs = builder.add(network.ExternalSourcePopulation(2), instance)
        layer = builder.add(network.Population([0, 1, 2]), instance)
        for kind, weight in ((network.Receptor.Type.excitatory, 7), (network.Receptor.Type.inhibitory, 9)):
            connections = [network.Projection.Connection((1, 0), (2, 0), weight), *core.weight_to_connection([[3]])]
            receptor = network.Receptor(network.Receptor.ID(), kind)
            builder.add(network.Projection(receptor, connections, inputs, layer), instance)
        added = [projection.weights.tolist() for projection in builder.done().projections.values()]
        assert added == [[[3, 0, 0], [0, 0, 7]], [[-3, 0, 0], [0, 0, -9]]]
        beyond = network.Projection(receptor, [network.Projection.Connection(2, 0, 1)], inputs, layer)
        with pytest.raises(core.RoutingError, match="got 2 to 0, wanted one of 2 to one of 3"):
            builder.add(beyond, instance)


def test_modules_from_elsewhere_are_not_mixed_with(monkeypatch):
    monkeypatch.setitem(sys.modules, "pylogging", sys)
    with pytest.raises(compat.CompatError, match="pylogging is imported from elsewhere"), compat.installed():
        pass
    assert sys.modules["pylogging"] is sys


def test_a_managed_connection_is_the_current_session_of_its_block(fake_backend):
    manager = compat.ManagedConnection()
    for _ in range(2):
        with manager as connection:
            assert connection.get_unique_identifier() == hxtorch.get_unique_identifier()
            assert connection.describe()["backend"] == "fake"
            with pytest.raises(core.NoConnectionError, match="entered already"):
                manager.__enter__()
        with pytest.raises(core.NoConnectionError):
            core.current_session()
    assert [chip.closed for chip in fake_backend.opened] == [1, 1]
