"""Which procedure calibrates to which kind of target, what it needs first, and what does without measuring."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from bss2_emulator.facts.constants import NEURONS
from hxtorch.core.arguments import checked
from hxtorch.core.backends.exchange import Journal, noted_in
from hxtorch.core.calibration.bench.procedure import CalibrationOptions, Calibrator, Dependent, own_runs, signed
from hxtorch.core.calibration.cadc import CADCCalibrator
from hxtorch.core.calibration.matrix.drivers import SynapseDriverCalibrator
from hxtorch.core.calibration.matrix.hagen import HagenCalibrator, HagenNeuronCalibrator
from hxtorch.core.calibration.matrix.hagen_synin import HagenSyninCalibrator
from hxtorch.core.calibration.neurons.spiking import SpikingCalibrator
from hxtorch.core.calibration.nominal.codes import nominal_registers
from hxtorch.core.calibration.plasticity.correlation import CorrelationCalibrator
from hxtorch.core.calibration.plasticity.stp import STPCalibrator
from hxtorch.core.calibration.stored.result import Calibration, fidelity_of
from hxtorch.core.calibration.targets import CalibTarget
from hxtorch.core.errors import CalibrationError, TransportError
from hxtorch.core.interfaces import Connection

Provide = Callable[[Connection, CalibTarget, "CalibrationOptions | None"], Calibration]
"""Gives the calibration of a chip for a target, from wherever."""

PROCEDURES: dict[str, Calibrator | Dependent] = {
    "spiking": SpikingCalibrator(),
    "hagen": HagenCalibrator(),
    "hagen_synin": HagenSyninCalibrator(),
    "hagen_neuron": HagenNeuronCalibrator(),
    "synapse_driver": SynapseDriverCalibrator(),
    "stp": STPCalibrator(),
    "cadc": CADCCalibrator(),
    "correlation": CorrelationCalibrator(),
}


_cut: dict[tuple[str, str, CalibTarget], Journal] = {}
_MOST_CUT = 2


@contextmanager
def _kept_if_cut(key: tuple[str, str, CalibTarget], journal: Journal) -> Iterator[None]:
    """Keep what was measured until the way to the chip failed, for the next attempt in this process."""
    try:
        yield
    except TransportError:
        _cut[key] = journal
        for oldest in [*_cut][:-_MOST_CUT]:
            del _cut[oldest]
        raise


def measure(
    connection: Connection, target: CalibTarget, options: CalibrationOptions | None, provide: Provide
) -> Calibration:
    """Find register codes that bring a chip to a target; ``provide`` gives what the procedure needs first.

    A procedure that a ``TransportError`` has cut goes on from there when it is asked for again.

    Raises:
        TransportError: The way to the chip failed each time that a run was tried.
        CalibrationError: Not a single neuron reached the target.
    """
    procedure = PROCEDURES[target.kind]
    key = connection.identifier, fidelity_of(connection), target
    with own_runs(connection):
        ready = provide(connection, procedure.needs, options) if isinstance(procedure, Dependent) else None
        journal = _cut.pop(key, None) or Journal()
        with noted_in(journal), _kept_if_cut(key, journal):
            if isinstance(procedure, Dependent):
                assert ready is not None  # noqa: S101 - for the type checker
                found = procedure.calibrate_on(connection, target, ready, options)
            else:
                found = procedure.calibrate(connection, target, options)
    if not found.success.any():
        raise CalibrationError(
            f"{connection.identifier}: none of 512 neurons reached the target; ask for values inside of the checked "
            f"ranges, or look at the chip\n{found.report()}"
        )
    return found


@checked
def nominal_calibration(connection: Connection, target: CalibTarget) -> Calibration:
    """Return the codes for a chip without mismatch, unmeasured: right in fidelity ``ideal``, near in ``calibrated``."""
    return signed(connection, target, nominal_registers(target), np.ones(NEURONS, np.bool_), {}, "nominal")
