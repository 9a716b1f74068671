"""From inputs to spikes."""

from __future__ import annotations

import torch
from torch import Tensor

from hxtorch.spiking.errors import ParameterError, TensorShapeError, TensorTypeError, TensorValueError


class CoordinatesToSpikes(torch.nn.Module):
    """Encode coordinates in the unit interval as times of single spikes.

    A coordinate ``c`` becomes a spike at ``t_early + c (t_late - t_early)``.

    Args:
        seq_length: Number of time steps of the output.
        t_early: Time of coordinate 0 in seconds.
        t_late: Time of coordinate 1 in seconds.
        dt: Step in seconds.
        t_bias: Time in seconds of the spike of an additional input, the same for all samples; None for no such input.
        device: Device of the output, or None for that of the coordinates.

    Raises:
        ParameterError: A time is not in ``[0, seq_length * dt)``.
    """

    def __init__(
        self,
        seq_length: int,
        t_early: float,
        t_late: float,
        dt: float = 1e-6,
        t_bias: float | None = None,
        device: torch.device | str | None = None,
    ) -> None:
        super().__init__()
        for name, time in (("t_early", t_early), ("t_late", t_late), ("t_bias", t_bias)):
            if time is not None and not 0 <= round(time / dt) < seq_length:
                raise ParameterError(f"{name}: got {time} s, wanted a time in [0, {seq_length * dt}) s")
        self.seq_length = seq_length
        self.t_early = t_early
        self.t_late = t_late
        self.dt = dt
        self.t_bias = t_bias
        self.device = device

    def forward(self, coordinates: Tensor) -> Tensor:
        """Encode a batch.

        Args:
            coordinates: In [0, 1], (batch, coordinate).

        Returns:
            Zeros and ones (seq_length, batch, coordinate), with one more input at the end if there is a bias.

        Raises:
            TensorShapeError: ``coordinates`` has other axes.
            TensorValueError: A coordinate is not in [0, 1].
        """
        if coordinates.ndim != 2:
            raise TensorShapeError(f"coordinates: got shape {tuple(coordinates.shape)}, wanted (batch, coordinate)")
        if not bool(((coordinates >= 0) & (coordinates <= 1)).all()):
            raise TensorValueError("coordinates: got values beyond [0, 1]; scale them first")
        points = coordinates.to(self.device or coordinates.device)
        times = self.t_early + points * (self.t_late - self.t_early)
        if self.t_bias is not None:
            times = torch.cat([times, times.new_full((len(times), 1), self.t_bias)], 1)
        steps = (times / self.dt).round().long()
        return times.new_zeros((self.seq_length, *times.shape)).scatter_(0, steps[None], 1.0)


class PixelsToSpikeTimes(torch.nn.Module):
    r"""Encode brightness as latency: the time at which a leaky integrator driven by a pixel reaches a threshold.

    .. math::
        t = \tau \ln \frac{x}{x - \vartheta}

    Args:
        tau: Time constant, in the unit that the times shall have.
        threshold: Brightness up to which a pixel does not spike; at least 0.
        t_max: Latest time. Pixels that do not spike, and those that would later, get it; a grid of time that ends
            there (:class:`SpikeTimesToDense`) has no spike of them.
        epsilon: Smallest distance of a brightness from the threshold, so that times stay finite.

    Raises:
        ParameterError: An argument is not positive, or the threshold is negative.
    """

    def __init__(self, tau: float = 20.0, threshold: float = 0.2, t_max: float = 1.0, epsilon: float = 1e-7) -> None:
        super().__init__()
        for name, value in (("tau", tau), ("t_max", t_max), ("epsilon", epsilon)):
            if not value > 0:
                raise ParameterError(f"{name}: got {value}, wanted a positive number")
        if not threshold >= 0:
            raise ParameterError(f"threshold: got {threshold}, wanted zero or more")
        self.tau = tau
        self.threshold = threshold
        self.t_max = t_max
        self.epsilon = epsilon

    def forward(self, pixels: Tensor) -> Tensor:
        """Return times in [0, t_max], floating, of ``pixels`` of the same shape.

        Raises:
            TensorTypeError: ``pixels`` are not floating; scale bytes to [0, 1] first.
            TensorValueError: They hold NaN.
        """
        if not pixels.is_floating_point():
            raise TensorTypeError(f"pixels: got {pixels.dtype}, wanted a floating type; scale bytes to [0, 1] first")
        if bool(pixels.isnan().any()):
            raise TensorValueError("pixels: holds NaN, wanted numbers")
        distance = (pixels - self.threshold).clamp(min=self.epsilon)
        times = self.tau * torch.log1p(self.threshold / distance)
        return torch.where(pixels > self.threshold, times, self.t_max).clamp(max=self.t_max)


class SpikeTimesToSparseTensor(torch.nn.Module):
    """Put single spikes on a grid of time, as a sparse tensor.

    Args:
        bin_width: Step of the grid, in the unit of the times.
        size: Number of points of the grid.

    Raises:
        ParameterError: ``bin_width`` is not positive, or ``size`` is no whole number of at least 1.
    """

    def __init__(self, bin_width: float, size: int) -> None:
        super().__init__()
        if not bin_width > 0:
            raise ParameterError(f"bin_width: got {bin_width}, wanted a positive number")
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise ParameterError(f"size: got {size!r}, wanted a whole number of at least 1")
        self.bin_width = bin_width
        self.size = size

    def forward(self, spike_times: Tensor) -> Tensor:
        """Encode times.

        Args:
            spike_times: One time per source, floating, any shape, usually (batch, source). A time goes to the nearest
                point of the grid; one beyond the last point (infinity too) is no spike.

        Returns:
            Ones, sparse and coalesced, (size, *shape), of the type of the times.

        Raises:
            TensorTypeError: The times are not floating.
            TensorValueError: A time is negative or NaN.
        """
        if not spike_times.is_floating_point():
            raise TensorTypeError(f"spike_times: got {spike_times.dtype}, wanted a floating type")
        if not bool((spike_times >= 0).all()):
            raise TensorValueError("spike_times: got a negative time or NaN, wanted zero or more")
        steps = (spike_times / self.bin_width).round()
        where = (steps < self.size).nonzero().T
        indices = torch.cat([steps[tuple(where)].long()[None], where])
        values = spike_times.new_ones(indices.shape[1])
        shape = (self.size, *spike_times.shape)
        return torch.sparse_coo_tensor(indices, values, shape, check_invariants=False).coalesce()


class SpikeTimesToDense(torch.nn.Module):
    """Put single spikes on a grid of time; arguments and errors are those of :class:`SpikeTimesToSparseTensor`.

    Args:
        bin_width: Step of the grid, in the unit of the times.
        size: Number of points of the grid.
    """

    def __init__(self, bin_width: float, size: int) -> None:
        super().__init__()
        self.sparse = SpikeTimesToSparseTensor(bin_width, size)

    def forward(self, spike_times: Tensor) -> Tensor:
        """Return zeros and ones (size, *shape), of the type of ``spike_times``."""
        return self.sparse(spike_times).to_dense()  # type: ignore[no-any-return]
