"""A legal call of every public callable: what wrong values are put into, one argument after the other."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import chip_calls
import layer_calls

import hxtorch
from bss2_emulator.ground.door import Door
from hxtorch.spiking.transforms import decode, encode, weight_transforms

ROOMS = {
    "emulator": ("bss2_emulator",),
    "core": ("hxtorch", "hxtorch.core"),
    "calibration": ("hxtorch.core.calibration",),
    "perceptron": ("hxtorch.perceptron",),
    "nn": ("hxtorch.perceptron.nn",),
    "snn": ("hxtorch.spiking",),
    "functional": ("hxtorch.spiking.functional",),
    "transforms": tuple(module.__name__ for module in (encode, decode, weight_transforms)),
}
"""Modules whose callables count, by the name of a room."""

# What has no arguments of its own, what only carries what a chip gave, and what opens the chip of the process.
NOTHING_TO_CHECK = {
    "AELIFTraces", "IAFTraces", "LIFTraces", "LITraces", "CadcSamples", "MadcSamples", "MatrixRun", "SpikeCounters",
    "SpikingRun", "CADCHandle", "CADCSamples", "Calibrator", "Connection", "ConstantCurrentType", "CorrelationCodes",
    "Difference", "ExecutionInfo", "FitReport", "LabelEvents", "MADCHandle", "MADCSamples", "MatrixResult",
    "MatrixUnit", "NetworkBuilder", "NetworkGraph", "Operation", "Router", "Routing", "SpikeEvents", "SpikeHandle",
    "SpikingResult", "SpikingUnit", "current_session", "get_mock_parameter", "init_hardware_minimal",
    "release_hardware", "step_by_step", "measure_mock_parameter", "Handle", "LIFObservables", "LIObservables",
    "NeuronHandle", "ReadoutNeuronHandle", "SynapseHandle", "TensorHandle", "EventPropLIFFunction",
    "EventPropSynapseFunction", "ExactEventPropFunction", "IAF", "LI", "LIF", "SuperSpike", "Unterjubel",
    "MaxOverTime", "MeanOverTime", "SumOverTime", "Layer", "MACLayer", "ConvNd", "NIRNetwork", "as_array",
    "AtomicNeuron", "HXBaseExperimentModule", "HXFunctionalModule", "NeuronBlock", "draw_fit", "init_hardware",
    "Fidelity", "Row", "Scheduled", "legal_integer",
}  # fmt: skip

LEGAL = {**chip_calls.LEGAL, **layer_calls.LEGAL}
"""Arguments by name: the short one, or the whole path where two are called alike."""


def public(room: str) -> Iterator[tuple[str, Any]]:
    """Yield path and callable of everything that a room offers; methods that run on arguments count."""
    seen = set()
    for path in ROOMS[room]:
        module = import_module(path)
        for name in sorted(getattr(module, "__all__", None) or [name for name in vars(module) if name[0] != "_"]):
            value = getattr(module, name)
            ours = getattr(value, "__module__", "").startswith(("hxtorch", "bss2_emulator"))
            error = isinstance(value, type) and issubclass(value, (Exception, Warning))
            foreign = (
                room != "core"
                and getattr(value, "__module__", "").startswith("hxtorch.core")
                and (room != "calibration")
            )
            door = isinstance(value, Door)  # through which callables of this module go
            if (
                not callable(value)
                or inspect.ismodule(value)
                or not ours
                or error
                or foreign
                or door
                or id(value) in seen
            ):
                continue
            seen.add(id(value))
            if name not in NOTHING_TO_CHECK or f"{path}.{name}" in LEGAL:
                yield f"{path}.{name}", value
            for method in ("run_spiking", "run_matrix", "forward"):
                whole = f"{path}.{name}.{method}"
                if {whole, f"{name}.{method}"} & LEGAL.keys():
                    yield whole, getattr(value, method)


def legal(path: str, value: Any) -> Callable[[], dict[str, Any]] | None:
    """Return what makes legal arguments of a callable, or None if nobody wrote them down."""
    qualified = path.removeprefix(f"{value.__module__}.")
    short = path.rsplit(".", 2)[-2:] if "." in getattr(value, "__qualname__", "") else path.rsplit(".", 1)[-1:]
    for name in (path, qualified, ".".join(short), path.rsplit(".", 1)[-1]):
        if name in LEGAL:
            return LEGAL[name]
    return None


def session() -> Any:
    """Open the chip that calls are tried on."""
    return hxtorch.core.open_session(serial="bad-input", fidelity="ideal")
