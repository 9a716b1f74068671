"""Calibrate the gain of every column of a matrix product, for weights of both signs."""

from __future__ import annotations

import itertools

import numpy as np

from bss2_emulator.facts.constants import NEURONS
from hxtorch.core.calibration.bench.bench import Bench
from hxtorch.core.calibration.bench.searches import PowerPrediction, predictive_search
from hxtorch.core.calibration.matrix.products import MOST_SENDS, ROWS, mean_products, product_noise
from hxtorch.core.calibration.nominal.codes import GM_EXPONENT, HAGEN_GAIN, capacitance
from hxtorch.core.calibration.targets import HagenCalibTarget
from hxtorch.core.seam.configuration import CAPMEM_MAX

SIZE, ACTIVATION, MOST_WEIGHT, REPETITIONS = 44.0, 15, 63, 100  # LSB of a product: far from both limits
NOISE_REPETITIONS = 400  # show noise to 4 %
TOLERANCE = 0.15
LEAST_GAIN = 1e-7  # in place of none where the target wants a code of 0


def calibrate_gains(bench: Bench, steps: int = 3) -> None:
    """Bring the gains of all columns to :func:`wanted_gains`.

    Codes of time constants are moved by one meanwhile: a cell that is written anew lands elsewhere, so that no gain
    makes up for where one write left the time constant.
    """
    wanted = wanted_gains(bench)
    taus = np.stack([bench.configuration.i_synin_exc_tau, bench.configuration.i_synin_inh_tau]).astype(np.int64)
    nudges = itertools.cycle((-1, 1, 0))

    def measure(codes: np.ndarray) -> np.ndarray:
        exc_tau, inh_tau = np.clip(taus + next(nudges), 1, CAPMEM_MAX)
        bench.set(i_synin_exc_gm=codes[0], i_synin_inh_gm=codes[1], i_synin_exc_tau=exc_tau, i_synin_inh_tau=inh_tau)
        return column_gains(bench)

    start = np.stack([bench.configuration.i_synin_exc_gm, bench.configuration.i_synin_inh_gm])
    found = predictive_search(measure, wanted, start, PowerPrediction(GM_EXPONENT), low=1, steps=steps, keep=steps)
    bench.set(i_synin_exc_tau=taus[0], i_synin_inh_tau=taus[1])
    bench.set(i_synin_exc_gm=found.codes[0], i_synin_inh_gm=found.codes[1])
    bench.measured["gain"] = found.values
    bench.require(found.success & (np.abs(found.values / wanted - 1) < TOLERANCE))


def measure_noise(bench: Bench, limit: float | None) -> None:
    """Measure what a result of each column varies by, LSB rms (512,); columns above ``limit`` fail."""
    weight, activation, _ = _factors(bench)
    noise = product_noise(bench, weight, np.full(ROWS, activation), NOISE_REPETITIONS).reshape(NEURONS)
    bench.measured["noise"] = noise
    if limit is not None:
        bench.require(noise <= limit)


def wanted_gains(bench: Bench) -> np.ndarray:
    """Return the gains that the target means, LSB per weight and activation, (2, 512): what real chips have there."""
    target, usual = bench.target, HagenCalibTarget()
    strength = (target.per_input("i_synin_gm") / usual.i_synin_gm) ** GM_EXPONENT
    bias = float(np.asarray(target.synapse_dac_bias)) / usual.synapse_dac_bias
    size = capacitance(usual.membrane_capacitance) / capacitance(target.per_neuron("membrane_capacitance"))
    gain = HAGEN_GAIN * strength * bias * size * target.per_input("tau_syn") / usual.tau_syn
    return np.asarray(np.maximum(gain, LEAST_GAIN))


def column_gains(bench: Bench) -> np.ndarray:
    """Return LSB per weight and activation of every column, for positive and negative weights, (2, 512).

    Events move a column by an offset of its own and add noise, whatever their weights: so weights are large and events
    few, on some rows after the other. The same events to weights of zero show the offset alone.
    """
    fewest = int(np.clip(np.ceil(SIZE / (MOST_WEIGHT * ACTIVATION * float(wanted_gains(bench).mean()))), 1, ROWS))
    turns = ROWS // fewest
    weight, activation, sends = _factors(bench, ROWS / turns)
    vectors = np.where(np.arange(ROWS) % turns == np.arange(turns)[:, np.newaxis], activation, 0)
    repetitions = -(-REPETITIONS // turns)
    rest = mean_products(bench, 0, vectors, repetitions, sends)
    gains = [
        (mean_products(bench, signed, vectors, repetitions, sends) - rest).sum(axis=1)
        / (signed * activation * sends * ROWS)
        for signed in (weight, -weight)
    ]
    return np.stack([gain.reshape(NEURONS) for gain in gains])


def _factors(bench: Bench, rows: float = ROWS) -> tuple[int, int, int]:
    """Return weight, activation and number of sends with which so many rows move a typical column by :data:`SIZE`."""
    product = SIZE / rows / float(wanted_gains(bench).mean())
    sends = int(np.clip(np.ceil(product / (MOST_WEIGHT * ACTIVATION)), 1, MOST_SENDS))
    activation = int(np.clip(np.rint(product), 1, ACTIVATION))
    return int(np.clip(np.rint(product / sends / activation), 1, MOST_WEIGHT)), activation, sends
