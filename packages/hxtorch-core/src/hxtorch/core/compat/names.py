"""Which names the modules of the chip's own software stack get, and which types of core stand behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from hxtorch import logger
from hxtorch.core.compat import helpers
from hxtorch.core.compat.connection import ManagedConnection
from hxtorch.core.networks import connections, morphology, network, populations
from hxtorch.core.routing import portfolio as routing
from hxtorch.core.routing import routes
from hxtorch.core.runs import execution, hooks, inputs
from hxtorch.core.runs import graph as network_graph
from hxtorch.core.seam import results
from hxtorch.core.seam.programs import CYCLE
from hxtorch.core.vocabulary import chip, coordinates


class CapMemCell:
    """Holds the type of the code of an analog cell; its range is checked when it is set."""

    Value = int


class NeuronConfig:
    """Holds what the readout of a neuron shows."""

    ReadoutSource = chip.ReadoutSource


class Time(int):
    """Time in cycles of the FPGA."""

    fpga_clock_cycles_per_us = round(1e-6 / CYCLE)


class ExecutionInstanceID(int):
    """Number of an execution instance."""


class Timer:
    """Holds the type of times on the chip."""

    Value = Time


@dataclass(frozen=True)
class Provided:
    """One module.

    Attributes:
        names: What it holds besides its submodules.
        remark: What to do about names that it lacks, for the message.
        of_frontends: Modules of the spiking frontend by the names that they have for this one, if it is installed.
        beside: Whether it is a folder beside notebooks rather than software; one that is there comes first.
    """

    names: Mapping[str, object] = field(default_factory=dict)
    remark: str = ""
    of_frontends: Mapping[str, str] = field(default_factory=dict)
    beside: bool = False


def _by_name(module: object, *names: str) -> dict[str, object]:
    return {name: getattr(module, name) for name in names}


_HALCO = Provided(
    {
        **_by_name(coordinates, "AtomicNeuronOnDLS", "AtomicNeuronOnLogicalNeuron", "CompartmentOnLogicalNeuron"),
        **_by_name(coordinates, "HemisphereOnDLS", "LogicalNeuronCompartments", "LogicalNeuronOnDLS"),
        **_by_name(coordinates, "NeuronColumnOnDLS", "NeuronRowOnDLS", "iter_all"),
        **_by_name(coordinates, "NeuronColumnOnLogicalNeuron", "NeuronRowOnLogicalNeuron"),
        "Enum": int,
    },
    "circuits and coordinates are plain integers too",
)
_LOLA = Provided(
    {**_by_name(chip, "AtomicNeuron", "Chip", "NeuronBlock"), "LogicalNeuron": morphology.LogicalNeuron},
    "registers without a face of their own are arrays of Chip, named as in hxtorch.core.ChipConfiguration",
)

_HAL = Provided(
    {
        "BackgroundSpikeSource": populations.BackgroundSpikeSource,
        "CapMemCell": CapMemCell,
        "NeuronConfig": NeuronConfig,
        "Timer": Timer,
    },
    _LOLA.remark,
)
_HXCOMM = Provided(
    {"ManagedConnection": ManagedConnection}, "see also hxtorch.init_hardware and hxtorch.core.open_session"
)
_SPIKING = "hxtorch.spiking"
_HOOKS = {
    "ExecutionInstanceHooks": hooks.ExecutionInstanceHooks,
    "ExecutionInstancePlaybackHooks": hooks.ExecutionInstanceHooks,
}
_ROUTING = {**_by_name(routing, "PortfolioRouter", "build_routing"), "RoutingResult": routes.Routing}
_NOTEBOOK = Provided(
    remark="a folder _static beside the notebook is taken first; see also hxtorch.snn.viz", beside=True
)

MODULES: Mapping[str, Provided] = {
    "dlens_vx_v3": Provided(remark="an emulated chip has no lower layers"),
    "dlens_vx_v3.hal": _HAL,
    "dlens_vx_v3.halco": _HALCO,
    "dlens_vx_v3.hxcomm": _HXCOMM,
    "dlens_vx_v3.lola": _LOLA,
    "dlens_vx_v3.sta": Provided(
        remark="core runs networks, not playback programs; playback_hooks of hxtorch.core.run write further registers"
    ),
    "pygrenade_vx": Provided(remark="networks are built by pygrenade_vx.network and run by hxtorch.core.run"),
    "pygrenade_vx.common": Provided(
        {"ExecutionInstanceID": ExecutionInstanceID, "Time": Time},
        "execution instances are hxtorch.snn.ExecutionInstance",
    ),
    "pygrenade_vx.execution": Provided(_HOOKS, "hxtorch.core.run takes them as playback_hooks"),
    "pygrenade_vx.signal_flow": Provided(
        {
            **_HOOKS,
            "InputData": inputs.NetworkInputs,
            "IODataMap": results.SpikingResult,
            "OutputData": results.SpikingResult,
        },
        "hxtorch.core.run takes hooks as playback_hooks, and InputData, and returns OutputData",
        dict.fromkeys(("ExecutionTimeInfo", "ExecutionHealthInfo"), f"{_SPIKING}.execution_info")
        | {"ExecutionInstance": f"{_SPIKING}.execution_instance"},
    ),
    "pygrenade_vx.network": Provided(
        {
            **_by_name(network, "CADCRecording", "Network", "NetworkBuilder", "Population"),
            "Projection": connections.ProjectionFace,
            "Receptor": connections.Receptor,
            "ExternalSourcePopulation": populations.ExternalPopulation,
            "BackgroundSourcePopulation": populations.BackgroundPopulation,
            **_by_name(network, "PopulationDescriptor", "ProjectionDescriptor"),
            "PopulationOnNetwork": network.PopulationDescriptor,
            "ProjectionOnNetwork": network.ProjectionDescriptor,
            **_by_name(network_graph, "NetworkGraph", "build_network_graph", "update_network_graph"),
            **{name: _ROUTING[name] for name in ("RoutingResult", "build_routing")},
            "run": execution.run,
        },
        "update_network_graph returns a new graph instead of changing one",
        {"InputGenerator": f"{_SPIKING}.chip.input_generator"},
    ),
    "pygrenade_vx.network.routing": Provided(_ROUTING, "routers are those of hxtorch.core.routing"),
    "pyhalco_hicann_dls_vx_v3": _HALCO,
    "pyhaldls_vx_v3": _HAL,
    "pyhxcomm_vx": _HXCOMM,
    "pylogging": Provided(
        {name: getattr(logger, name) for name in logger.__all__}, "loggers are those of the standard module logging"
    ),
    "pylola_vx_v3": _LOLA,
    "_static": _NOTEBOOK,
    "_static.common": _NOTEBOOK,
    "_static.common.helpers": replace(
        _NOTEBOOK, names=_by_name(helpers, "save_nightly_calibration", "setup_hardware_client")
    ),
    "_static.tutorial": _NOTEBOOK,
    "_static.tutorial.hxsnn_intro_plots": replace(
        _NOTEBOOK,
        of_frontends=dict.fromkeys(
            ("plot_compare_traces", "plot_mock", "plot_scaled_trace", "plot_targets", "plot_training"),
            f"{_SPIKING}.viz.tutorial",
        ),
    ),
}


def children(module: str) -> dict[str, str]:
    """Return the full names of the submodules of ``module`` by their last part."""
    return {name.rpartition(".")[2]: name for name in MODULES if name.rpartition(".")[0] == module}


def existing(module: str) -> list[str]:
    """Return all names that ``module`` has."""
    return sorted([*MODULES[module].names, *MODULES[module].of_frontends, *children(module)])


def missing(module: str, name: str) -> str:
    """Say that ``module`` has no ``name``, what it has, which is nearest, and what to do."""
    return (
        f"{module} as provided by hxtorch.core.compat has no {name!r}; it has "
        f"{', '.join(existing(module)) or 'no names'}"
        f"{_nearest(module, name)} ({MODULES[module].remark})"
    )


def _nearest(module: str, name: str) -> str:
    """Name what is nearest: the same name elsewhere, else the most similar one here."""
    for other, provided in MODULES.items():
        if name in provided.names:
            return f"; it is in {other}"
    by_lower = {known.lower(): known for known in existing(module)}
    close = get_close_matches(name.lower(), by_lower, n=1)
    return f"; nearest is {by_lower[close[0]]}" if close else ""
