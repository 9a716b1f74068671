"""Fit shapes with one unknown time constant to sampled membranes, for all neurons at once.

Each batch entry has its own unknown baseline. With the baselines projected out, amplitude is linear and the time
constant is found on a logarithmic grid, refined by a parabola.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from hxtorch.core.programs import CYCLE
from hxtorch.core.results import CADCSamples

Shape = Callable[[np.ndarray, np.ndarray], np.ndarray]  # times (samples,), time constants (k, 1) -> (k, samples)


@dataclass(frozen=True, eq=False)
class Traces:
    """Samples of the neurons of one hemisphere that are to be explained by one shape.

    Attributes:
        times: Seconds since the start of the run, (samples,).
        starts: First sample of each batch entry that has any.
        values: LSB, baselines projected out, float32 (samples, neurons).
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
        traces = cls(times[keep], starts, samples.values[keep].astype(np.float32), samples.neurons)
        return cls(traces.times, starts, traces.without_baselines(traces.values.T).T, samples.neurons)

    def by(self, *parameters: np.ndarray) -> Iterator[tuple[Traces, Any]]:
        """Yield the neurons that agree in some per-neuron ``parameters`` (512,), together with these values.

        One parameter comes as a number, several as an array.
        """
        table = np.stack([parameter[self.neurons] for parameter in parameters], axis=1)
        for values in np.unique(table, axis=0):
            columns = np.flatnonzero((table == values).all(axis=1))
            whole = len(columns) == len(self.neurons)
            part = self.values if whole else np.ascontiguousarray(self.values[:, columns])
            yield Traces(self.times, self.starts, part, self.neurons[columns]), values if len(values) > 1 else values[0]

    def without_baselines(self, rows: np.ndarray) -> np.ndarray:
        """Subtract from each row its mean over each batch entry, (rows, samples)."""
        if not len(self.starts):
            return rows
        lengths = np.diff(self.starts, append=len(self.times))
        means = np.add.reduceat(rows, self.starts, axis=1) / lengths
        return np.asarray(rows - np.repeat(means, lengths, axis=1), rows.dtype)

    def amplitude(self, shape: np.ndarray) -> np.ndarray:
        """Return the amplitude of ``shape`` (samples,) in each neuron by least squares, (neurons,)."""
        basis = self.without_baselines(shape[np.newaxis])[0]
        return np.asarray(basis.astype(np.float32) @ self.values / max(float(basis @ basis), 1e-30), np.float64)

    def time_constant(self, shape: Shape, taus: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the best time constant of each neuron and its amplitude.

        Args:
            shape: Gives the shape for several time constants.
            taus: Candidates in seconds, ascending in equal ratios, (candidates,).
        """
        basis = self.without_baselines(shape(self.times, taus[:, np.newaxis]))
        norm = np.maximum((basis * basis).sum(axis=1), 1e-30)[:, np.newaxis]
        projection = (basis.astype(np.float32) @ self.values).astype(np.float64)
        explained = projection**2 / norm
        best = np.clip(np.argmax(explained, axis=0), 1, len(taus) - 2)
        column = np.arange(len(best))
        below, at, above = (explained[best + step, column] for step in (-1, 0, 1))
        curvature = np.minimum(below - 2 * at + above, -1e-30)
        shift = np.clip(0.5 * (below - above) / curvature, -1, 1)
        ratio = taus[1] / taus[0]
        return taus[best] * ratio**shift, projection[best, column] / norm[best, 0]


def decay(times: np.ndarray, taus: np.ndarray) -> np.ndarray:
    """Return exp(-t / tau) for t >= 0, else 0."""
    return np.where(times >= 0, np.exp(-np.maximum(times, 0) / taus), 0)


def psp(times: np.ndarray, tau_mem: float, tau_syn: np.ndarray) -> np.ndarray:
    """Return the response of a membrane to a unit synaptic current per unit capacitance, in seconds.

    ``tau_m tau_s / (tau_m - tau_s) * (exp(-t / tau_m) - exp(-t / tau_s))`` for t >= 0.
    """
    tau_syn = np.where(np.abs(tau_syn / tau_mem - 1) < 1e-3, tau_mem * (1 + 1e-3), tau_syn)  # the limit, near enough
    scale = tau_mem * tau_syn / (tau_mem - tau_syn)
    return np.asarray(scale * (decay(times, np.asarray(tau_mem)) - decay(times, tau_syn)))
