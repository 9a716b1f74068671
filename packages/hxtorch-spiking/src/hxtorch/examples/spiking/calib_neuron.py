"""Calibrate the chip's neurons and look at the result: ``python -m hxtorch.examples.spiking.calib_neuron``."""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path

import torch

from hxtorch import spiking as hxsnn
from hxtorch.core import calibration, current_session
from hxtorch.core.calibration import Calibration, SpikingCalibTarget
from hxtorch.spiking.utils.connection import connected


def get_parser() -> argparse.ArgumentParser:
    """Return the parser of all settings: fields of the calibration target, times in seconds."""
    parser = argparse.ArgumentParser(prog="python -m hxtorch.examples.spiking.calib_neuron", description=__doc__)
    for entry in fields(SpikingCalibTarget):
        parser.add_argument(f"--{entry.name.replace('_', '-')}", type=float, default=entry.default)
    parser.add_argument("--output", help="where to store the calibration")
    return parser


def calibrate(args: argparse.Namespace) -> Calibration:
    """Return the calibration of the connected chip to the settings of :func:`get_parser`; a cached one if there is."""
    values = {entry.name: getattr(args, entry.name) for entry in fields(SpikingCalibTarget)}
    return calibration.for_target(current_session().connection, SpikingCalibTarget(**values))


def resting_potentials(path: str | None, args: argparse.Namespace) -> torch.Tensor:
    """Run all neurons without input and return their mean membranes, CADC LSB (raw), (512,).

    Args:
        path: File of the calibration, or None to calibrate to the settings.
        args: Settings of :func:`get_parser`.
    """
    experiment = hxsnn.Experiment(calib_path=path)
    silence = hxsnn.NeuronHandle(torch.zeros(100, 5, 1))
    synapse = hxsnn.Synapse(1, 512, experiment)
    torch.nn.init.zeros_(synapse.weight)
    neurons = hxsnn.ReadoutNeuron(
        512,
        experiment,
        leak=hxsnn.MixedHXModelParameter(0.0, args.leak),
        tau_mem=args.tau_mem,
        tau_syn=args.tau_syn,
        i_synin_gm=args.i_synin_gm,
        membrane_capacitance=args.membrane_capacitance,
        synapse_dac_bias=args.synapse_dac_bias,
    )
    handle = neurons(synapse(silence))
    hxsnn.run(experiment, 100)
    assert isinstance(handle, hxsnn.ReadoutNeuronHandle)  # noqa: S101  # what such neurons fill
    return handle.filled().detach().mean((0, 1)) + 128.0


def main(args: argparse.Namespace | None = None) -> Calibration:
    """Calibrate, report, and check the resting potentials by a run.

    A chip is opened, and released afterwards, unless one is open.

    Args:
        args: Settings of :func:`get_parser`, or None for the defaults.

    Returns:
        The calibration.
    """
    args = args or get_parser().parse_args([])
    with connected():
        made = calibrate(args)
        print(made.report())
        if args.output:
            Path(args.output).parent.mkdir(parents=True, exist_ok=True)
            calibration.save(made, args.output)
            print(f"stored in {args.output}")
        rest = resting_potentials(args.output, args)
        print(f"  rest measured in a run: {float(rest.mean()):.1f} +- {float(rest.std()):.1f}, target {args.leak:g}")
        return made


if __name__ == "__main__":
    main(get_parser().parse_args())
