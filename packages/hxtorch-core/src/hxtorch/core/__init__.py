"""Connections to a chip, and the way of a network onto it and of its observables back."""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING

from hxtorch.core.errors import (
    BackendError,
    CalibrationError,
    CalibrationFormatError,
    CalibrationNotFoundError,
    CalibrationSerialError,
    CalibrationTargetError,
    ConfigurationError,
    ConnectionOpenError,
    HXTorchError,
    NoConnectionError,
    OperandRangeError,
    PlacementError,
    ProgramError,
    RecordingError,
    RoutingError,
)

if TYPE_CHECKING:
    from hxtorch.core.chip import Chip, NeuronBlock
    from hxtorch.core.configuration import ChipConfiguration
    from hxtorch.core.coordinates import AtomicNeuronOnDLS, LogicalNeuronCompartments, LogicalNeuronOnDLS
    from hxtorch.core.execution import run
    from hxtorch.core.executions import Execution, Origin, run_executions
    from hxtorch.core.fit import FitReport, draw_fit, fit_report
    from hxtorch.core.group_router import GroupRouter
    from hxtorch.core.hardware import CalibrationPath, HWDBPath, Setup
    from hxtorch.core.hooks import ExecutionInstanceHooks
    from hxtorch.core.inputs import NetworkInputs, SpikeTrains, encode, tensor_to_spike_times
    from hxtorch.core.interfaces import Connection, MatrixUnit, SpikingUnit
    from hxtorch.core.network import (
        CADCRecording,
        Network,
        NetworkBuilder,
        PopulationDescriptor,
        Projection,
        ProjectionDescriptor,
    )
    from hxtorch.core.network_graph import NetworkGraph, build_network_graph, update_network_graph
    from hxtorch.core.observables import CADCHandle, MADCHandle, SpikeHandle, extract_cadc, extract_madc, extract_spikes
    from hxtorch.core.placement import NeuronPlacement
    from hxtorch.core.populations import BackgroundPopulation, BackgroundSpikeSource, ExternalPopulation, Population
    from hxtorch.core.programs import CYCLE, InputEvents, MatrixProgram, Recording, SpikingProgram, TimedWrite
    from hxtorch.core.results import (
        CADCSamples,
        CorrelationCodes,
        ExecutionInfo,
        LabelEvents,
        MADCSamples,
        MatrixResult,
        SpikeCounters,
        SpikeEvents,
        SpikingResult,
    )
    from hxtorch.core.routes import Router, Routing
    from hxtorch.core.routing import build_routing
    from hxtorch.core.session import (
        Session,
        current_session,
        get_unique_identifier,
        init_hardware,
        init_hardware_minimal,
        open_session,
        release_hardware,
    )
    from hxtorch.core.weights import round_to_lsb, weight_to_connection

__all__ = [
    "CYCLE",
    "AtomicNeuronOnDLS",
    "BackendError",
    "BackgroundPopulation",
    "BackgroundSpikeSource",
    "CADCHandle",
    "CADCRecording",
    "CADCSamples",
    "CalibrationError",
    "CalibrationFormatError",
    "CalibrationNotFoundError",
    "CalibrationPath",
    "CalibrationSerialError",
    "CalibrationTargetError",
    "Chip",
    "ChipConfiguration",
    "ConfigurationError",
    "Connection",
    "ConnectionOpenError",
    "CorrelationCodes",
    "Execution",
    "ExecutionInfo",
    "ExecutionInstanceHooks",
    "ExternalPopulation",
    "FitReport",
    "GroupRouter",
    "HWDBPath",
    "HXTorchError",
    "InputEvents",
    "LabelEvents",
    "LogicalNeuronCompartments",
    "LogicalNeuronOnDLS",
    "MADCHandle",
    "MADCSamples",
    "MatrixProgram",
    "MatrixResult",
    "MatrixUnit",
    "Network",
    "NetworkBuilder",
    "NetworkGraph",
    "NetworkInputs",
    "NeuronBlock",
    "NeuronPlacement",
    "NoConnectionError",
    "OperandRangeError",
    "Origin",
    "PlacementError",
    "Population",
    "PopulationDescriptor",
    "ProgramError",
    "Projection",
    "ProjectionDescriptor",
    "Recording",
    "RecordingError",
    "Router",
    "Routing",
    "RoutingError",
    "Session",
    "Setup",
    "SpikeCounters",
    "SpikeEvents",
    "SpikeHandle",
    "SpikeTrains",
    "SpikingProgram",
    "SpikingResult",
    "SpikingUnit",
    "TimedWrite",
    "build_network_graph",
    "build_routing",
    "current_session",
    "draw_fit",
    "encode",
    "extract_cadc",
    "extract_madc",
    "extract_spikes",
    "fit_report",
    "get_unique_identifier",
    "init_hardware",
    "init_hardware_minimal",
    "open_session",
    "release_hardware",
    "round_to_lsb",
    "run",
    "run_executions",
    "tensor_to_spike_times",
    "update_network_graph",
    "weight_to_connection",
]

_HOMES = {
    "backends": "",
    "calibration": "",
    "chip": "Chip NeuronBlock",
    "compute": "",
    "configuration": "ChipConfiguration",
    "constants": "",
    "coordinates": "AtomicNeuronOnDLS LogicalNeuronCompartments LogicalNeuronOnDLS",
    "execution": "run",
    "executions": "Execution Origin run_executions",
    "fit": "FitReport draw_fit fit_report",
    "group_router": "GroupRouter",
    "hardware": "CalibrationPath HWDBPath Setup",
    "hooks": "ExecutionInstanceHooks",
    "inputs": "NetworkInputs SpikeTrains encode tensor_to_spike_times",
    "interfaces": "Connection MatrixUnit SpikingUnit",
    "network": "CADCRecording Network NetworkBuilder PopulationDescriptor Projection ProjectionDescriptor",
    "network_graph": "NetworkGraph build_network_graph update_network_graph",
    "observables": "CADCHandle MADCHandle SpikeHandle extract_cadc extract_madc extract_spikes",
    "placement": "NeuronPlacement",
    "populations": "BackgroundPopulation BackgroundSpikeSource ExternalPopulation Population",
    "programs": "CYCLE InputEvents MatrixProgram Recording SpikingProgram TimedWrite",
    "results": (
        "CADCSamples CorrelationCodes ExecutionInfo LabelEvents MADCSamples MatrixResult SpikeCounters "
        "SpikeEvents SpikingResult"
    ),
    "routes": "Router Routing",
    "routing": "build_routing",
    "session": (
        "Session current_session get_unique_identifier init_hardware init_hardware_minimal open_session "
        "release_hardware"
    ),
    "weights": "round_to_lsb weight_to_connection",
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names.split()}


if not TYPE_CHECKING:  # a type checker knows all names, and complains about others

    def __getattr__(name: str) -> object:
        """Import a part when it is first asked for: most programs need few of them."""
        module = _HOME_OF.get(name, name)
        if module not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        home = _import_module(f"{__name__}.{module}")
        if module == name:
            return home
        value = globals()[name] = getattr(home, name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_HOMES})
