"""Pictures of the introductory notebook, which imports them as ``_static.tutorial.hxsnn_intro_plots``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from hxtorch.core.viz import COLOURS, on_axes
from hxtorch.core.viz.style import REFERENCE, colour
from hxtorch.spiking.network.handle import Handle
from hxtorch.spiking.viz.membranes import traces
from hxtorch.spiking.viz.observed import entry, observed

if TYPE_CHECKING:
    from matplotlib.axes import Axes  # an extra of the package

__all__ = ["plot_compare_traces", "plot_mock", "plot_scaled_trace", "plot_targets", "plot_training"]


def plot_compare_traces(inputs: Tensor, z: Handle) -> Axes:
    """Draw a membrane as both converters saw it, over its input spikes.

    Args:
        inputs: Spikes (time, batch, source).
        z: Handle of a neuron, filled by a run.
    """
    return _mark(traces(z), inputs)


def plot_mock(inputs: Tensor, z: Handle) -> Axes:
    """Draw a membrane of the model over its input spikes; arguments as for :func:`plot_compare_traces`."""
    return _mark(traces(z), inputs)


def plot_scaled_trace(inputs: Tensor, bss2_traces: Sequence[np.ndarray], mock_trace: np.ndarray) -> Axes:
    """Draw membranes of several runs on the chip, their mean, and that of the model.

    Args:
        inputs: Spikes (time, batch, source).
        bss2_traces: Membranes of a neuron (time,), in units of the model.
        mock_trace: The same of the model.
    """
    axes = on_axes(None, (6, 3.5))
    for trace in bss2_traces:
        axes.plot(trace, color=REFERENCE, linewidth=0.6)
    axes.plot(np.stack([np.asarray(trace) for trace in bss2_traces]).mean(0), color=COLOURS[0], label="chip")
    axes.plot(mock_trace, color=COLOURS[1], label="model")
    axes.set(xlabel="time (steps)", ylabel="membrane")
    axes.legend(fontsize="small")
    return _mark(axes, inputs)


def plot_targets(targets: Tensor) -> Axes:
    """Draw the traces (time, batch, neuron) that readouts are to follow."""
    return _lines(on_axes(None, (6, 3)), observed(targets, "targets"), "-")


def plot_training(inputs: Tensor, targets: Tensor, epochs: int) -> Callable[[float, Handle], Axes]:
    """Draw readouts before they are trained, and return what draws them in training.

    Args:
        inputs: Spikes (time, batch, source).
        targets: What the readouts are to follow (time, batch, neuron).
        epochs: How many there will be.

    Returns:
        A function of the loss and the readouts' handle, to be called once an epoch.
    """
    losses: list[float] = []

    def update(loss: float, y: Handle | None = None) -> Axes:
        from matplotlib import pyplot  # only here: it chooses a backend

        if y is not None:
            losses.append(loss)
        figure, (followed, learnt) = pyplot.subplots(1, 2, figsize=(9, 3), layout="constrained")
        _lines(_mark(followed, inputs), observed(targets, "targets"), ":")
        if y is not None:
            _lines(followed, observed(y, "membrane_cadc"), "-")
        learnt.plot(range(1, len(losses) + 1), losses, color=COLOURS[0])
        learnt.set(xlabel="epoch", ylabel="loss", xlim=(0, epochs))
        if pyplot.get_backend().lower() != "agg":  # which shows nothing
            pyplot.show(block=False)
            pyplot.close(figure)
        return followed  # type: ignore[no-any-return]

    update(0.0)
    return update


def _lines(axes: Axes, tensor: Tensor, style: str) -> Axes:
    for neuron, trace in enumerate(entry(tensor, 0).T):
        axes.plot(trace.numpy(), style, color=colour(neuron))
    axes.set(xlabel="time (steps)", ylabel="membrane")
    return axes


def _mark(axes: Any, inputs: Tensor) -> Axes:
    """Mark the steps of input spikes at the lower edge."""
    steps = entry(observed(inputs, "inputs"), 0).any(1).nonzero()[:, 0]
    axes.plot(
        steps.numpy(), np.zeros(len(steps)), "^", transform=axes.get_xaxis_transform(), color="black", label="input"
    )
    return axes  # type: ignore[no-any-return]
