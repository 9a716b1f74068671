"""What chips recorded, on its way to the numerics."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from hxtorch.spiking.chip.handles import as_tensors
from hxtorch.spiking.chip.recording import PopulationRecording
from hxtorch.spiking.modules.calling import arguments_of
from hxtorch.spiking.modules.hx_module import HXHardwareEntityMixin
from hxtorch.spiking.network.handle import Handle
from hxtorch.spiking.network.observables import AnalogObservable, AnalogTrace, HardwareObservables


class HardwareResults(dict[Any, Any]):
    """What was recorded, by module, or by the ``descriptor`` of one in its execution instance."""

    def __missing__(self, key: Any) -> Any:
        for module, recorded in self.items():
            if getattr(module, "descriptor", None) == key:
                return recorded
        raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) or any(getattr(module, "descriptor", None) == key for module in self)

    def get(self, key: Any, default: Any = None) -> Any:
        """Return what was recorded of a module or descriptor."""
        found = super().get(key)  # which does not know descriptors
        return found if found is not None else self[key] if key in self else default  # noqa: SIM401


def post_process(module: Any, recording: PopulationRecording, seconds: float) -> Any:
    """Let a module turn its recordings into tensors, in whichever way its method takes them; it keeps the spikes.

    A method of the user gets handles that give tensors.

    Args:
        module: A population.
        recording: What was recorded of it.
        seconds: Length of the run.
    """
    own = vars(module)
    own["_recorded_spikes"] = recording.spikes  # to set an attribute of a module in torch's way takes time
    if "post_process" not in own and type(module).post_process is HXHardwareEntityMixin.post_process:
        return module.observe(recording, seconds)
    recording = as_tensors(recording, seconds)
    wants = arguments_of(module.post_process)
    names = [name for name in wants.names if name != "self"]
    older = recording.spikes, recording.cadc, recording.madc, seconds
    if names[:1] == ["hw_spikes"] and wants.any_number:
        return module.post_process(*older)
    if wants.any_number or names[:1] == ["hw_data"] or len(names) <= 2:
        return module.post_process(recording, seconds)
    return module.post_process(*older[: len(names)])


def on_grid(observed: Any, steps: int) -> Any:
    """Return observables with as many steps as the inputs have: cut, or with the last sample held and no more spikes.

    Args:
        observed: What ``post_process`` returned: observables, a tuple (spikes, cadc, madc), or a handle.
        steps: Wanted length.
    """
    if isinstance(observed, HardwareObservables):
        own = observed.spikes, observed.cadc, observed.adaptation
        spikes, cadc, adaptation = _fit(own[0], steps, silent=True), _fit(own[1], steps), _fit(own[2], steps)
        others = observed.others
        if others:
            others = tuple([replace(one, cadc=_fit(one.cadc, steps)) for one in others])
        elif spikes is own[0] and cadc is own[1] and adaptation is own[2]:
            return observed
        return HardwareObservables(spikes, cadc, observed.madc, adaptation, others)
    if isinstance(observed, Handle):
        for name in observed._carries:
            if not name.endswith("madc"):
                observed.data[name] = _fit(observed.data[name], steps, silent=name == "spikes")
        return observed
    if isinstance(observed, tuple) and not hasattr(observed, "_fields"):
        silent = [len(observed) > 1 and index == 0 for index in range(len(observed))]
        return tuple(_fit(trace, steps, quiet) for trace, quiet in zip(observed, silent, strict=True))
    return observed


def _fit(trace: Any, steps: int, silent: bool = False) -> Any:
    """Return a trace (time, batch, neuron) with ``steps`` points of time; what is none stays."""
    if trace is None:
        return None
    if type(trace) is Tensor and trace.ndim == 3 and steps <= trace.shape[0] != 2:
        return trace if trace.shape[0] == steps else trace[:steps]
    if isinstance(trace, AnalogObservable):
        return replace(trace, cadc=_fit(trace.cadc, steps))
    if isinstance(trace, AnalogTrace):
        return AnalogTrace.of(_fit(trace.cadc, steps), trace.madc)
    if not isinstance(trace, Tensor) or trace.ndim != 3:
        return trace
    available = trace.shape[0]
    if available in (2, steps):  # two rows are those of the membrane ADC
        return trace
    if available > steps:
        return trace[:steps]
    last = torch.zeros_like(trace[-1:]) if silent else trace[-1:]
    return torch.cat([trace, last.expand(steps - available, -1, -1)])
