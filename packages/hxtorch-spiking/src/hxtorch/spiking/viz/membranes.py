"""What membranes do, as both converters see it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from hxtorch.core import CYCLE
from hxtorch.core.errors import PictureError
from hxtorch.core.viz import COLOURS, on_axes
from hxtorch.core.viz.style import LINES, REFERENCE, colour
from hxtorch.spiking.modules.neurons.analog import AnalogNeuron
from hxtorch.spiking.network.handle import Handle
from hxtorch.spiking.viz.observed import MICROSECOND, as_index, entry, observed

if TYPE_CHECKING:
    from matplotlib.axes import Axes  # an extra of the package

LEGEND_ROWS, LEGEND_COLUMNS = 14, 2


def traces(
    membranes: Handle | Tensor,
    module: AnalogNeuron | None = None,
    *,
    neurons: int | Iterable[int] | None = None,
    batch: int = 0,
    dt: float | None = None,
    axes: Axes | None = None,
) -> Axes:
    """Draw membranes over time, their spikes as marks above, and what the membrane ADC recorded over the column ADC's.

    Args:
        membranes: A handle with ``membrane_cadc``, or the tensor (time, batch, neuron).
        module: The layer that they belong to: its threshold and leak become lines, in the units of the traces.
        neurons: Which ones; None for the one that the membrane ADC records, else the first.
        batch: Entry of the batch.
        dt: Step in seconds, or None for that of ``module``, without which it is 1 us.
        axes: What to draw on, or None for a new figure.

    Returns:
        The axes; the time is in us. Samples of the membrane ADC, which are in LSB of its own, are drawn with the factor
        and offset that bring them next to the column ADC's.

    Raises:
        ImportError: matplotlib is not installed.
        PictureError: There are no membranes, not that neuron or entry, or ``module`` is no layer of neurons.
    """
    if module is not None and not isinstance(module, AnalogNeuron):
        raise PictureError(f"module: got {type(module).__name__}, wanted a layer of neurons, or None")
    cadc = entry(observed(membranes, "membrane_cadc"), batch)
    recorded = module.madc_index if module is not None else None
    chosen = _chosen(neurons, recorded, cadc.shape[1])
    dt = dt or (MICROSECOND if module is None else module.experiment.dt)
    drawn = on_axes(axes, (6, 3.5))
    times = np.arange(len(cadc)) * (dt / MICROSECOND)
    madc = getattr(membranes, "membrane_madc", None)
    if madc is not None and (recorded in chosen or (recorded is None and len(chosen) == 1)):
        of_madc = chosen[0] if recorded is None else recorded
        _draw_madc(drawn, madc.detach().cpu()[:, :, batch].numpy(), times, cadc[:, of_madc].numpy())
    spikes = getattr(membranes, "spikes", None)
    fired = None if spikes is None else entry(observed(spikes, "spikes"), batch)
    for position, neuron in enumerate(chosen):
        style = LINES[position // len(COLOURS) % len(LINES)]
        label = f"neuron {neuron}" if len(chosen) > 1 else "membrane (CADC)" if madc is not None else "membrane"
        drawn.plot(times, cadc[:, neuron].numpy(), style, color=colour(position), label=label)
    if module is not None:
        _draw_levels(drawn, module, chosen[0])
    if fired is not None:
        top = drawn.get_ylim()[1]
        for position, neuron in enumerate(chosen):
            marks = times[fired[:, neuron].numpy() > 0]
            drawn.plot(
                marks,
                np.full(marks.shape, top),
                "v",
                color=colour(position),
                clip_on=False,
                label="spike" if position == 0 else None,
            )
        drawn.set_ylim(top=top)
    drawn.set(xlabel="time (us)", ylabel="membrane", xlim=(0, max(times[-1], dt / MICROSECOND)))
    entries = len(drawn.get_legend_handles_labels()[0])
    columns = -(-entries // LEGEND_ROWS)  # a longer list would leave no room for the curves
    if columns <= LEGEND_COLUMNS:
        drawn.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize="small", frameon=False, ncols=columns)
    return drawn


def _chosen(neurons: int | Iterable[int] | None, recorded: int | None, size: int) -> list[int]:
    if neurons is None:
        return [recorded or 0]
    is_one = as_index(neurons) is not None or not isinstance(neurons, Iterable)
    given: list[Any] = [neurons] if is_one else list(neurons)  # type: ignore[arg-type]
    numbers = [as_index(neuron) for neuron in given]
    chosen = [number for number in numbers if number is not None and 0 <= number < size]
    if len(chosen) < len(given) or not chosen:
        raise PictureError(f"neurons: got {given}, wanted numbers from 0 to {size - 1}")
    return chosen


def _draw_madc(axes: Axes, samples: np.ndarray, times: np.ndarray, cadc: np.ndarray) -> None:
    """Draw samples (2, samples) of the membrane ADC in the unit of the other converter's trace."""
    seconds, values = samples[0] * CYCLE, samples[1]
    present = np.isfinite(values)
    seconds, values = seconds[present] / MICROSECOND, values[present]
    if values.size == 0:
        return
    # the middle 90 % of both at the same times: fast parts, which only one converter sees, do not count
    at_cadc = np.quantile(np.interp(times, seconds, values), (0.05, 0.5, 0.95))
    slow = np.quantile(cadc, (0.05, 0.5, 0.95))
    span = at_cadc[2] - at_cadc[0]
    brought = (values - at_cadc[1]) * ((slow[2] - slow[0]) / span if span > 0 else 0.0) + slow[1]
    axes.plot(seconds, brought, color=COLOURS[2], linewidth=0.6, label="membrane (MADC)")


def _draw_levels(axes: Axes, module: AnalogNeuron, neuron: int) -> None:
    """Draw threshold and leak of one neuron as traces show them: of the model in mock mode, else of the chip."""
    values = {name: getattr(module, name, None) for name in ("threshold", "leak")}
    if not module.fires:
        values["threshold"] = None
    for (name, parameter), style in zip(values.items(), LINES[1::2], strict=True):
        if parameter is None:
            continue
        level: Any = parameter.model_value
        if not module.experiment.mock:
            leak = values["leak"].hardware_value if values["leak"] is not None else 0.0
            level = module.readout.level(parameter.hardware_value, leak, module.coordinates)
        flat = torch.as_tensor(level, dtype=torch.float32).detach().reshape(-1)
        axes.axhline(float(flat[neuron % len(flat)]), color=REFERENCE, linewidth=0.9, linestyle=style, label=name)
