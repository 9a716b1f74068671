"""Bring model and chip to the same units by measuring: ``python -m hxtorch.examples.spiking.mock_scaling``.

A network that was trained in mock mode behaves on the chip as it did if its weights and the chip's traces are scaled.
Both factors are measured on the connected chip; then one network runs in both ways.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from hxtorch import spiking as hxsnn
from hxtorch.spiking.transforms.weight_transforms import linear_saturating
from hxtorch.spiking.utils.connection import connected
from hxtorch.spiking.utils.dynamic_range.threshold import TraceScaling, get_trace_scaling
from hxtorch.spiking.utils.dynamic_range.weight_scaling import get_weight_scaling

STEPS, BATCH, INPUTS, NEURONS = 100, 20, 10, 20


class Comparison(NamedTuple):
    """One network in both ways.

    Attributes:
        weight_scale: LSB per model unit of weight.
        mock: Membranes of the model (time, batch, neuron).
        chip: Membranes of the chip in model units (time, batch, neuron).
    """

    weight_scale: float
    mock: Tensor
    chip: Tensor

    @property
    def difference(self) -> float:
        """Root of the mean square difference, relative to that of the model's membranes."""
        return float((self.mock - self.chip).square().mean().sqrt() / self.mock.square().mean().sqrt())


def get_parser() -> argparse.ArgumentParser:
    """Return the parser of all settings."""
    parser = argparse.ArgumentParser(
        prog="python -m hxtorch.examples.spiking.mock_scaling",
        description="Bring model and chip to the same units by measuring, and compare a network in both.",
    )
    add = parser.add_argument
    add(
        "--calibration-path",
        "--calib-path",
        help="calibration of the chip; without, it is calibrated to the defaults",
    )
    add("--plot-path", help="where to write a figure of one cell in both ways (needs matplotlib)")
    add("--seed", type=int, default=0, help="of weights and inputs")
    add("--rate", type=float, default=0.02, help="probability of an input spike in a step of 1 us")
    return parser


def run(
    inputs: Tensor,
    nrn_params: Mapping[str, Any],
    calib_path: str | None = None,
    mock: bool = False,
    weight_scale: float = 63.0,
    trace_offset: float = 0.0,
    trace_scale: float = 1.0,
    n_runs: int = 10,
) -> list[np.ndarray]:
    """Return the membranes of one LIF neuron with one input of weight 1, each of ``n_runs`` runs.

    Args:
        inputs: Spikes (time, 1, 1).
        nrn_params: Arguments of :class:`~hxtorch.spiking.LIF` by name.
        calib_path: Calibration of the chip, or None to calibrate to the parameters.
        mock: Run the numerics alone.
        weight_scale: LSB per model unit of weight.
        trace_offset: Subtracted from the chip's traces, LSB.
        trace_scale: Model units per LSB.
        n_runs: How often.

    Returns:
        Membranes in model units, float32 (time,) each.
    """
    traces = []
    for _ in range(n_runs):
        experiment = hxsnn.Experiment(mock=mock, calib_path=None if mock else calib_path)
        synapse = hxsnn.Synapse(1, 1, experiment, transform=partial(linear_saturating, scale=weight_scale))
        torch.nn.init.ones_(synapse.weight)
        neuron = hxsnn.LIF(1, experiment, trace_offset=trace_offset, trace_scale=trace_scale, **nrn_params)
        handle = neuron(synapse(hxsnn.NeuronHandle(inputs)))
        hxsnn.run(experiment, len(inputs))
        membrane = handle.membrane_cadc
        assert membrane is not None  # noqa: S101 - runs fill it
        traces.append(membrane.detach().numpy().reshape(-1))
    return traces


def plot_scaled_trace(
    args: argparse.Namespace, inputs: Tensor, bss2_traces: Sequence[np.ndarray], mock_trace: np.ndarray
) -> None:
    """Write a figure of one cell in both ways to ``args.plot_path``; needs matplotlib.

    Args:
        args: Settings of :func:`get_parser`.
        inputs: Spikes (time, 1, 1).
        bss2_traces: Membranes of the chip in model units, (time,) each.
        mock_trace: Membrane of the model (time,).
    """
    from matplotlib.figure import Figure  # optional

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for trace in bss2_traces:
        axes.plot(trace, color="#4477aa", alpha=0.4)
    axes.plot(np.mean(bss2_traces, 0), color="#4477aa", label="chip, mean")
    axes.plot(mock_trace, color="#cc6677", label="model")
    for step in inputs.reshape(len(inputs)).nonzero()[:, 0].tolist():
        axes.axvline(step, color="0.7", linestyle=":")
    axes.set(xlabel="step", ylabel="membrane (model units)")
    axes.legend()
    Path(args.plot_path).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(args.plot_path, dpi=120)


def membranes(mock: bool, args: argparse.Namespace, weight_scale: float, traces: TraceScaling | None) -> Tensor:
    """Return the membranes of a network (time, batch, neuron), the same weights and inputs for the same seed."""
    torch.manual_seed(args.seed)
    experiment = hxsnn.Experiment(mock=mock, calib_path=None if mock else args.calibration_path)
    scaled = partial(linear_saturating, scale=weight_scale)
    synapse = hxsnn.Synapse(INPUTS, NEURONS, experiment, transform=scaled)
    synapse.reset_parameters(0.2, 0.3)
    neurons = hxsnn.ReadoutNeuron(
        NEURONS,
        experiment,
        leak=hxsnn.MixedHXModelParameter(0.0, 80),
        trace_offset=0.0 if traces is None else traces.trace_offset,
        trace_scale=1.0 if traces is None else traces.trace_scale,
    )
    spikes = (torch.rand(STEPS, BATCH, INPUTS) < args.rate).float()
    handle = neurons(synapse(hxsnn.NeuronHandle(spikes)))
    hxsnn.run(experiment, STEPS)
    traced: Tensor = handle.filled().detach()
    return traced


def main(args: argparse.Namespace | None = None) -> Comparison:
    """Measure the scales, run the network in both ways and print how far they agree.

    A chip is opened, and released afterwards, unless one is open.

    Args:
        args: Settings of :func:`get_parser`, or None for the defaults.
    """
    args = args or get_parser().parse_args([])
    with connected():
        traces = get_trace_scaling(calib_path=args.calibration_path)
        per_lsb = sum(traces.trace_scale.values()) / len(traces.trace_scale)
        weight_scale = get_weight_scaling(calib_path=args.calibration_path, trace_scale=per_lsb)
        result = Comparison(
            weight_scale, membranes(True, args, weight_scale, None), membranes(False, args, weight_scale, traces)
        )
        if args.plot_path:
            _plot_cell(args, weight_scale, per_lsb)
    print(f"weight scale {weight_scale:.1f} LSB per unit, trace scale 1/{1 / per_lsb:.1f} units per LSB")
    print(f"difference of the membranes: {100 * result.difference:.0f} % of the model's")
    return result


def _plot_cell(args: argparse.Namespace, weight_scale: float, trace_scale: float) -> None:
    """Draw the answer of one cell to one spike."""
    potentials = {"leak": (0.0, 80), "reset": (0.0, 80), "threshold": (1.0, 125)}
    cell = {name: hxsnn.MixedHXModelParameter(*values) for name, values in potentials.items()}
    inputs = torch.zeros(50, 1, 1)
    silent = run(inputs, cell, args.calibration_path)
    inputs[10] = 1.0
    offset = float(np.mean(silent))
    chip = run(inputs, cell, args.calibration_path, False, weight_scale, offset, trace_scale)
    plot_scaled_trace(args, inputs, chip, run(inputs, cell, mock=True, n_runs=1)[0])


if __name__ == "__main__":
    main(get_parser().parse_args())
