"""Bring model and chip to the same units by measuring: ``python -m hxtorch.examples.spiking.mock_scaling``.

A network that was trained in mock mode behaves on the chip as it did if its weights and the chip's traces are scaled.
Both factors are measured on the connected chip; then one network runs in both ways.
"""

from __future__ import annotations

import argparse
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from hxtorch import spiking as hxsnn
from hxtorch.examples.spiking.connection import connected
from hxtorch.spiking.transforms.weight_transforms import linear_saturating
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
    parser.add_argument("--calibration-path", help="calibration of the chip; without, it is calibrated to the defaults")
    parser.add_argument("--seed", type=int, default=0, help="of weights and inputs")
    parser.add_argument("--rate", type=float, default=0.02, help="probability of an input spike in a step of 1 us")
    return parser


def run(mock: bool, args: argparse.Namespace, weight_scale: float, traces: TraceScaling | None) -> Tensor:
    """Return the membranes of the network (time, batch, neuron), the same weights and inputs for the same seed."""
    torch.manual_seed(args.seed)
    experiment = hxsnn.Experiment(mock=mock, calib_path=None if mock else args.calibration_path)
    scaled = partial(linear_saturating, scale=weight_scale)
    synapse = hxsnn.Synapse(INPUTS, NEURONS, experiment, transform=scaled)
    torch.nn.init.normal_(synapse.weight, 0.2, 0.3)
    neurons = hxsnn.ReadoutNeuron(
        NEURONS,
        experiment,
        trace_offset=0.0 if traces is None else traces.trace_offset,
        trace_scale=1.0 if traces is None else traces.trace_scale,
    )
    spikes = (torch.rand(STEPS, BATCH, INPUTS) < args.rate).float()
    handle = neurons(synapse(hxsnn.NeuronHandle(spikes)))
    hxsnn.run(experiment, STEPS)
    membranes: Tensor = handle.filled().detach()
    return membranes


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
        result = Comparison(weight_scale, run(True, args, weight_scale, None), run(False, args, weight_scale, traces))
    print(f"weight scale {weight_scale:.1f} LSB per unit, trace scale 1/{1 / per_lsb:.1f} units per LSB")
    print(f"difference of the membranes: {100 * result.difference:.0f} % of the model's")
    return result


if __name__ == "__main__":
    main(get_parser().parse_args())
