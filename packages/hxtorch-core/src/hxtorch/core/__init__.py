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
    MemoryLimitError,
    NoConnectionError,
    OperandRangeError,
    PictureError,
    PlacementError,
    ProgramError,
    RecordingError,
    RoutingError,
    TransportError,
)

if TYPE_CHECKING:
    from hxtorch.core import calibration as calibration
    from hxtorch.core.backends.setup import CalibrationPath, HWDBPath, Setup
    from hxtorch.core.fit import FitReport, fit_report
    from hxtorch.core.interfaces import Connection, MatrixUnit, SpikingUnit
    from hxtorch.core.networks.morphology import HALF, LogicalNeuron
    from hxtorch.core.networks.network import (
        CADCRecording,
        Network,
        NetworkBuilder,
        PopulationDescriptor,
        Projection,
        ProjectionDescriptor,
    )
    from hxtorch.core.networks.populations import (
        BackgroundPopulation,
        BackgroundSpikeSource,
        ExternalPopulation,
        Population,
    )
    from hxtorch.core.networks.weights import round_to_lsb, weight_to_connection
    from hxtorch.core.products.compute import MAC, Operation, Sequence
    from hxtorch.core.products.rearrangement import Rearrangement
    from hxtorch.core.products.sequence import load_sequence, save_sequence
    from hxtorch.core.routing.groups import GroupRouter
    from hxtorch.core.routing.placement import NeuronPlacement
    from hxtorch.core.routing.portfolio import build_routing
    from hxtorch.core.routing.report import MAX_INPUTS
    from hxtorch.core.routing.routes import Router, Routing
    from hxtorch.core.runs.chains import Execution, Origin, run_executions
    from hxtorch.core.runs.execution import run
    from hxtorch.core.runs.graph import NetworkGraph, build_network_graph, update_network_graph
    from hxtorch.core.runs.hooks import ExecutionInstanceHooks
    from hxtorch.core.runs.inputs import NetworkInputs, SpikeTrains, encode, tensor_to_spike_times
    from hxtorch.core.runs.observables import (
        CADCHandle,
        MADCHandle,
        SpikeHandle,
        extract_cadc,
        extract_madc,
        extract_spikes,
        grid_points,
    )
    from hxtorch.core.seam.arrays import as_array
    from hxtorch.core.seam.configuration import ChipConfiguration
    from hxtorch.core.seam.integers import legal_integer
    from hxtorch.core.seam.programs import (
        CYCLE,
        InputEvents,
        MatrixProgram,
        Recording,
        SpikingProgram,
        TimedWrite,
        in_cycles,
    )
    from hxtorch.core.seam.results import (
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
    from hxtorch.core.sessions.calibration_files import (
        calib_from_calix_native,
        chip_from_file,
        chip_from_portable_binary,
        nightly_calib_path,
        nightly_calix_native_path,
    )
    from hxtorch.core.sessions.session import (
        Session,
        current_session,
        get_unique_identifier,
        init_hardware,
        init_hardware_minimal,
        open_session,
        release_hardware,
    )
    from hxtorch.core.threads import ThreadTeam, find_thread_team, set_thread_source
    from hxtorch.core.viz.fit import draw_fit
    from hxtorch.core.vocabulary.chip import AtomicNeuron, Chip, ConstantCurrentType, NeuronBlock
    from hxtorch.core.vocabulary.coordinates import (
        AtomicNeuronOnDLS,
        AtomicNeuronOnLogicalNeuron,
        LogicalNeuronCompartments,
        LogicalNeuronOnDLS,
    )

__all__ = [
    "CYCLE",
    "HALF",
    "MAC",
    "MAX_INPUTS",
    "AtomicNeuron",
    "AtomicNeuronOnDLS",
    "AtomicNeuronOnLogicalNeuron",
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
    "ConstantCurrentType",
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
    "LogicalNeuron",
    "LogicalNeuronCompartments",
    "LogicalNeuronOnDLS",
    "MADCHandle",
    "MADCSamples",
    "MatrixProgram",
    "MatrixResult",
    "MatrixUnit",
    "MemoryLimitError",
    "Network",
    "NetworkBuilder",
    "NetworkGraph",
    "NetworkInputs",
    "NeuronBlock",
    "NeuronPlacement",
    "NoConnectionError",
    "OperandRangeError",
    "Operation",
    "Origin",
    "PictureError",
    "PlacementError",
    "Population",
    "PopulationDescriptor",
    "ProgramError",
    "Projection",
    "ProjectionDescriptor",
    "Rearrangement",
    "Recording",
    "RecordingError",
    "Router",
    "Routing",
    "RoutingError",
    "Sequence",
    "Session",
    "Setup",
    "SpikeCounters",
    "SpikeEvents",
    "SpikeHandle",
    "SpikeTrains",
    "SpikingProgram",
    "SpikingResult",
    "SpikingUnit",
    "ThreadTeam",
    "TimedWrite",
    "TransportError",
    "as_array",
    "build_network_graph",
    "build_routing",
    "calib_from_calix_native",
    "chip_from_file",
    "chip_from_portable_binary",
    "current_session",
    "draw_fit",
    "encode",
    "extract_cadc",
    "extract_madc",
    "extract_spikes",
    "find_thread_team",
    "fit_report",
    "get_unique_identifier",
    "grid_points",
    "in_cycles",
    "init_hardware",
    "init_hardware_minimal",
    "legal_integer",
    "load_sequence",
    "nightly_calib_path",
    "nightly_calix_native_path",
    "open_session",
    "release_hardware",
    "round_to_lsb",
    "run",
    "run_executions",
    "save_sequence",
    "set_thread_source",
    "tensor_to_spike_times",
    "update_network_graph",
    "weight_to_connection",
]

_HOMES = {
    "backends": "",
    "backends.setup": "CalibrationPath HWDBPath Setup",
    "calibration": "",
    "compute": "",
    "fit": "FitReport fit_report",
    "viz.fit": "draw_fit",
    "interfaces": "Connection MatrixUnit SpikingUnit",
    "networks.morphology": "HALF LogicalNeuron",
    "networks.network": "CADCRecording Network NetworkBuilder PopulationDescriptor Projection ProjectionDescriptor",
    "networks.populations": "BackgroundPopulation BackgroundSpikeSource ExternalPopulation Population",
    "networks.weights": "round_to_lsb weight_to_connection",
    "products.compute": "MAC Operation Sequence",
    "products.rearrangement": "Rearrangement",
    "products.sequence": "load_sequence save_sequence",
    "routing.groups": "GroupRouter",
    "routing.placement": "NeuronPlacement",
    "routing.portfolio": "build_routing",
    "routing.report": "MAX_INPUTS",
    "routing.routes": "Router Routing",
    "runs.chains": "Execution Origin run_executions",
    "runs.execution": "run",
    "runs.graph": "NetworkGraph build_network_graph update_network_graph",
    "runs.hooks": "ExecutionInstanceHooks",
    "runs.inputs": "NetworkInputs SpikeTrains encode tensor_to_spike_times",
    "runs.observables": "CADCHandle MADCHandle SpikeHandle extract_cadc extract_madc extract_spikes grid_points",
    "seam.arrays": "as_array",
    "seam.configuration": "ChipConfiguration",
    "seam.integers": "legal_integer",
    "seam.programs": "CYCLE InputEvents MatrixProgram Recording SpikingProgram TimedWrite in_cycles",
    "seam.results": (
        "CADCSamples CorrelationCodes ExecutionInfo LabelEvents MADCSamples MatrixResult SpikeCounters "
        "SpikeEvents SpikingResult"
    ),
    "sessions.calibration_files": (
        "calib_from_calix_native chip_from_file chip_from_portable_binary nightly_calib_path nightly_calix_native_path"
    ),
    "sessions.session": (
        "Session current_session get_unique_identifier init_hardware init_hardware_minimal open_session "
        "release_hardware"
    ),
    "threads": "ThreadTeam find_thread_team set_thread_source",
    "viz": "",
    "vocabulary.chip": "AtomicNeuron Chip ConstantCurrentType NeuronBlock",
    "vocabulary.coordinates": (
        "AtomicNeuronOnDLS AtomicNeuronOnLogicalNeuron LogicalNeuronCompartments LogicalNeuronOnDLS"
    ),
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
    return sorted({*__all__, *(home for home in _HOMES if "." not in home)})
