"""Which names the modules of the chip's own software stack get, and which types of core stand behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hxtorch import logger
from hxtorch.core.compat.connection import ManagedConnection
from hxtorch.core.networks import network, populations
from hxtorch.core.routing import portfolio as routing
from hxtorch.core.routing import routes
from hxtorch.core.runs import graph as network_graph
from hxtorch.core.runs import hooks
from hxtorch.core.seam.programs import CYCLE
from hxtorch.core.vocabulary import chip, coordinates


class CapMemCell:
    """Holds the type of the code of an analog cell; its range is checked when it is set."""

    Value = int


class Timer:
    """Holds the type of times on the chip."""

    class Value(int):
        """Time in cycles of the FPGA."""

        fpga_clock_cycles_per_us = round(1e-6 / CYCLE)


@dataclass(frozen=True)
class Provided:
    """One module.

    Attributes:
        names: What it holds besides its submodules.
        remark: What to do about names that it lacks, for the message.
    """

    names: Mapping[str, object] = field(default_factory=dict)
    remark: str = ""


def _by_name(module: object, *names: str) -> dict[str, object]:
    return {name: getattr(module, name) for name in names}


_HALCO = Provided(
    {
        **_by_name(coordinates, "AtomicNeuronOnDLS", "AtomicNeuronOnLogicalNeuron", "CompartmentOnLogicalNeuron"),
        **_by_name(coordinates, "HemisphereOnDLS", "LogicalNeuronCompartments", "LogicalNeuronOnDLS"),
        **_by_name(coordinates, "NeuronColumnOnDLS", "NeuronRowOnDLS", "iter_all"),
        "Enum": int,
    },
    "circuits and coordinates are plain integers too",
)
_LOLA = Provided(
    _by_name(chip, "AtomicNeuron", "Chip", "NeuronBlock"),
    "registers without a face of their own are arrays of Chip, named as in hxtorch.core.ChipConfiguration",
)

MODULES: Mapping[str, Provided] = {
    "dlens_vx_v3": Provided(remark="an emulated chip has no lower layers"),
    "dlens_vx_v3.hal": Provided(
        {"BackgroundSpikeSource": populations.BackgroundSpikeSource, "CapMemCell": CapMemCell, "Timer": Timer},
        _LOLA.remark,
    ),
    "dlens_vx_v3.halco": _HALCO,
    "dlens_vx_v3.hxcomm": Provided(
        {"ManagedConnection": ManagedConnection}, "see also hxtorch.init_hardware and hxtorch.core.open_session"
    ),
    "dlens_vx_v3.lola": _LOLA,
    "dlens_vx_v3.sta": Provided(
        remark="core runs networks, not playback programs; playback_hooks of hxtorch.core.run write further registers"
    ),
    "pygrenade_vx": Provided(remark="networks are built by pygrenade_vx.network and run by hxtorch.core.run"),
    "pygrenade_vx.signal_flow": Provided(
        _by_name(hooks, "ExecutionInstanceHooks"), "hxtorch.core.run takes it as playback_hooks"
    ),
    "pygrenade_vx.network": Provided(
        {
            **_by_name(network, "CADCRecording", "Network", "NetworkBuilder", "Population", "Projection"),
            "ExternalSourcePopulation": populations.ExternalPopulation,
            "BackgroundSourcePopulation": populations.BackgroundPopulation,
            "PopulationOnNetwork": network.PopulationDescriptor,
            "ProjectionOnNetwork": network.ProjectionDescriptor,
            **_by_name(network_graph, "NetworkGraph", "build_network_graph"),
            "RoutingResult": routes.Routing,
            "build_routing": routing.build_routing,
        },
        "hxtorch.core.update_network_graph returns a new graph instead of changing one, hxtorch.core.run runs it",
    ),
    "pyhalco_hicann_dls_vx_v3": _HALCO,
    "pylogging": Provided(
        _by_name(logger, "LogLevel", "Logger", "default_config", "get", "reset", "set_loglevel"),
        "loggers are those of the standard module logging",
    ),
    "pylola_vx_v3": _LOLA,
}


def children(module: str) -> dict[str, str]:
    """Return the full names of the submodules of ``module`` by their last part."""
    return {name.rpartition(".")[2]: name for name in MODULES if name.rpartition(".")[0] == module}


def missing(module: str, name: str) -> str:
    """Say that ``module`` has no ``name``, what it has, and what to do."""
    existing = sorted([*MODULES[module].names, *children(module)])
    return (
        f"{module} as provided by hxtorch.core.compat has no {name!r}; it has {', '.join(existing) or 'no names'}"
        f" ({MODULES[module].remark})"
    )
