"""Find time constants and amplitudes in sampled membranes by least squares, for all neurons at once.

Each batch entry has its own unknown baseline, so means over batch entries are taken off samples and shapes alike. What
is left is linear in the amplitude; the time constant is found on a logarithmic grid, refined by a parabola.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hxtorch.core.seam.programs import CYCLE
from hxtorch.core.seam.results import CADCSamples

Course = Callable[[np.ndarray, np.ndarray], np.ndarray]  # times (samples,), time constants (k, 1) -> (k, samples)


@dataclass(frozen=True, eq=False)
class Traces:
    """Samples of the neurons of one hemisphere that are to be explained by one shape.

    Attributes:
        times: Seconds since the start of the run, (samples,).
        starts: First sample of each batch entry that has any.
        values: LSB without baselines, (samples, neurons).
        neurons: Which neurons.
    """

    times: np.ndarray
    starts: np.ndarray
    values: np.ndarray
    neurons: np.ndarray

    @classmethod
    def of(cls, samples: CADCSamples, entries: np.ndarray, use: Callable[[np.ndarray], np.ndarray]) -> Traces:
        """Take the samples of some batch entries at the times for which ``use`` says True."""
        times = samples.times * CYCLE
        entry = np.repeat(np.arange(len(samples.batch_offsets) - 1), np.diff(samples.batch_offsets))
        keep = np.flatnonzero(np.isin(entry, entries) & use(times))
        starts = np.flatnonzero(np.diff(entry[keep], prepend=-1))
        values = samples.values[keep].astype(np.float64)
        return cls(times[keep], starts, without_baselines(values, starts), samples.neurons)

    def basis(self, course: Course, taus: np.ndarray) -> np.ndarray:
        """Return the shapes for some time constants in seconds (k,) without baselines, (k, samples)."""
        return np.asarray(without_baselines(course(self.times, taus[:, np.newaxis]).T, self.starts).T)

    def fit_decay(self, course: Course, taus: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the time constant of each neuron, seconds, and its amplitude.

        Args:
            course: The shape for some time constants.
            taus: Candidates in seconds, ascending in equal ratios, (candidates,).
        """
        basis = self.basis(course, taus)
        norm = np.maximum((basis * basis).sum(axis=1), 1e-30)[:, np.newaxis]
        projection = basis @ self.values
        best, found = _summit(projection**2 / norm, taus)
        return found, (projection / norm)[best, np.arange(len(best))]

    def fit_psp(
        self, course: Course, tau_mem: np.ndarray, tau_syn: np.ndarray, taus: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Fit postsynaptic potentials, differences of two decays (see :func:`psp_scale`).

        Args:
            course: A decay for some time constants.
            tau_mem: Known membrane time constants, seconds (neurons,).
            tau_syn: Synaptic time constants for which the amplitude is wanted, seconds (neurons,).
            taus: Candidates for the synaptic time constants, seconds (candidates,), ascending in equal ratios.

        Returns:
            Best synaptic time constants in seconds, and amplitudes at ``tau_syn`` in LSB per second, (neurons,).
        """
        slow, which = np.unique(tau_mem, return_inverse=True)
        membrane, synapse = self.basis(course, slow), self.basis(course, taus)
        column = np.arange(len(tau_mem))
        on_membrane = (membrane @ self.values)[which, column]
        projection = on_membrane - synapse @ self.values
        membrane_norm = (membrane * membrane).sum(axis=1)[which]
        norm = membrane_norm + (synapse * synapse).sum(axis=1)[:, np.newaxis] - 2 * (synapse @ membrane.T)[:, which]
        _, found = _summit(np.where(norm > 1e-12 * membrane_norm, projection**2 / np.maximum(norm, 1e-30), 0), taus)

        fast, which_fast = np.unique(_apart(tau_syn, tau_mem), return_inverse=True)
        wanted = self.basis(course, fast)
        overlap = (membrane @ wanted.T)[which, which_fast]
        norm = membrane_norm + (wanted * wanted).sum(axis=1)[which_fast] - 2 * overlap
        projection = on_membrane - (wanted @ self.values)[which_fast, column]
        return found, projection / np.maximum(norm, 1e-30) / psp_scale(tau_mem, fast[which_fast])


def without_baselines(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Subtract from (samples, ...) their mean over each batch entry."""
    if not len(starts):
        return values
    lengths = np.diff(starts, append=len(values))
    means = np.add.reduceat(values, starts, axis=0) / lengths[:, np.newaxis]
    return np.asarray(values - np.repeat(means, lengths, axis=0))


def decay(times: np.ndarray, taus: np.ndarray) -> np.ndarray:
    """Return exp(-t / tau) for t >= 0, else 0."""
    return np.where(times >= 0, np.exp(-np.maximum(times, 0) / taus), 0)


def psp_scale(tau_mem: np.ndarray, tau_syn: np.ndarray) -> np.ndarray:
    """Return the factor of a postsynaptic potential in seconds.

    A membrane answers to a unit synaptic current per unit capacitance by
    ``tau_m tau_s / (tau_m - tau_s) * (exp(-t / tau_m) - exp(-t / tau_s))``; this is the fraction.
    """
    return np.asarray(tau_mem * tau_syn / (tau_mem - tau_syn))


def psp_peak(tau_mem: float, tau_syn: float) -> float:
    """Return the largest value of that answer, seconds."""
    fast = _apart(np.array(tau_syn), np.array(tau_mem))
    time = np.log(tau_mem / fast) * psp_scale(np.array(tau_mem), fast)
    return float(psp_scale(np.array(tau_mem), fast) * (np.exp(-time / tau_mem) - np.exp(-time / fast)))


def candidates(targets: np.ndarray) -> np.ndarray:
    """Return a grid from a third to three times some time constants, in steps of 5 %; none is on the grid itself."""
    low, high = float(targets.min()) / 2.97, float(targets.max()) * 2.9
    return np.geomspace(low, high, int(np.ceil(np.log(high / low) / 0.05)) + 1)


def _apart(tau_syn: np.ndarray, tau_mem: np.ndarray) -> np.ndarray:
    """Return ``tau_syn``, moved by 0.1 % where both are equal: near enough to the limit, and numerically safe."""
    return np.where(np.abs(tau_syn / tau_mem - 1) < 1e-3, tau_mem * (1 + 1e-3), tau_syn)


def _summit(explained: np.ndarray, taus: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return for each column the row of its maximum, and the time constant there, refined by a parabola."""
    best = np.clip(np.argmax(explained, axis=0), 1, len(taus) - 2)
    below, at, above = (explained[best + step, np.arange(len(best))] for step in (-1, 0, 1))
    curvature = np.minimum(below - 2 * at + above, -1e-30)
    shift = np.clip(0.5 * (below - above) / curvature, -1, 1)
    return best, taus[best] * (taus[1] / taus[0]) ** shift
