"""From inputs to spikes."""

from __future__ import annotations

import torch
from torch import Tensor

from hxtorch.spiking.doors import checked
from hxtorch.spiking.errors import ParameterError, TensorShapeError, TensorTypeError, TensorValueError


@checked
class CoordinatesToSpikes(torch.nn.Module):
    """Encode coordinates in the unit interval as times of single spikes.

    A coordinate ``c`` becomes a spike at ``t_early + c (t_late - t_early)``, in the nearest step.

    Args:
        seq_length: Number of time steps of the output.
        t_early: Time of coordinate 0 in seconds.
        t_late: Time of coordinate 1 in seconds.
        dt: Step in seconds.
        t_bias: Time in seconds of the spike of an additional input, the same for all samples, in the step that it lies
            in; None for no such input.
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

    @checked
    def forward(self, coordinate_values: Tensor) -> Tensor:
        """Encode a batch.

        Args:
            coordinate_values: In [0, 1], (batch, coordinate).

        Returns:
            Zeros and ones (seq_length, batch, coordinate), with one more input at the end if there is a bias, of
            torch's default type: data sets give float64, and weights are rarely of it.

        Raises:
            TensorShapeError: ``coordinate_values`` has other axes.
            TensorValueError: A coordinate is not in [0, 1].
        """
        if coordinate_values.ndim != 2:
            got = tuple(coordinate_values.shape)
            raise TensorShapeError(f"coordinate_values: got shape {got}, wanted (batch, coordinate)")
        if not bool(((coordinate_values >= 0) & (coordinate_values <= 1)).all()):
            raise TensorValueError("coordinate_values: got values beyond [0, 1]; scale them first")
        points = coordinate_values.to(self.device or coordinate_values.device)
        times = self.t_early + points * (self.t_late - self.t_early)
        steps = (times / self.dt).round().long()
        if self.t_bias is not None:
            steps = torch.cat([steps, steps.new_full((len(steps), 1), int(self.t_bias / self.dt))], 1)
        spikes = torch.zeros(self.seq_length, *steps.shape, device=steps.device)
        return spikes.scatter_(0, steps[None], 1.0)


@checked
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
        if not threshold >= 0:
            raise ParameterError(f"threshold: got {threshold}, wanted zero or more")
        self.tau = _positive(tau, "tau")
        self.threshold = threshold
        self.t_max = _positive(t_max, "t_max")
        self.epsilon = _positive(epsilon, "epsilon")

    @checked
    def forward(self, pic: Tensor) -> Tensor:
        """Return times in [0, t_max], floating, of ``pic``, of the same shape.

        Raises:
            TensorTypeError: ``pic`` is not floating; scale bytes to [0, 1] first.
            TensorValueError: It holds NaN.
        """
        if not pic.is_floating_point():
            raise TensorTypeError(f"pic: got {pic.dtype}, wanted a floating type; scale bytes to [0, 1] first")
        if bool(pic.isnan().any()):
            raise TensorValueError("pic: holds NaN, wanted numbers")
        distance = (pic - self.threshold).clamp(min=self.epsilon)
        times = self.tau * torch.log1p(self.threshold / distance)
        return torch.where(pic > self.threshold, times, self.t_max).clamp(max=self.t_max)


@checked
class SpikeTimesToSparseTensor(torch.nn.Module):
    """Put single spikes on a grid of time, as a sparse tensor.

    Args:
        bin_width: Step of the grid, in the unit of the times.
        size: Number of points of the grid.
        nearest: Put a time into the nearest bin instead of the one that it lies in.
        dtype: Type of the ones.

    Raises:
        ParameterError: ``bin_width`` is not positive, or ``size`` is no whole number of at least 1.
    """

    def __init__(
        self, bin_width: float, size: int = 100, *, nearest: bool = False, dtype: torch.dtype = torch.int64
    ) -> None:
        super().__init__()
        self.bin_width = _positive(bin_width, "bin_width")
        self.size = _whole(size, "size")
        self.nearest = nearest
        self.dtype = dtype

    @checked
    def forward(self, spikes: Tensor) -> Tensor:
        """Encode times.

        Args:
            spikes: One time per source, floating, any shape, usually (batch, source). A time beyond the last bin
                (infinity too) is no spike.

        Returns:
            Ones, sparse and coalesced, ``(size, *shape)``.

        Raises:
            TensorTypeError: The times are not floating.
            TensorValueError: A time is negative or NaN.
        """
        if not spikes.is_floating_point():
            raise TensorTypeError(f"spikes: got {spikes.dtype}, wanted times of a floating type")
        if not bool((spikes >= 0).all()):
            raise TensorValueError("spikes: got a negative time or NaN, wanted times of zero or more")
        bins = spikes / self.bin_width
        inside = bins * (1 + 4 * torch.finfo(bins.dtype).eps)  # a multiple of the width but for rounding begins its bin
        bins = bins.round() if self.nearest else inside.floor()
        where = (bins < self.size).nonzero().T
        indices = torch.cat([bins[tuple(where)].long()[None], where])
        values = torch.ones(indices.shape[1], dtype=self.dtype, device=spikes.device)
        shape = (self.size, *spikes.shape)
        return torch.sparse_coo_tensor(indices, values, shape, check_invariants=False).coalesce()


@checked
class SpikeTimesToDense(torch.nn.Module):
    """Put single spikes on a grid of time; arguments and errors are those of :class:`SpikeTimesToSparseTensor`.

    Args:
        bin_width: Step of the grid, in the unit of the times.
        size: Number of points of the grid.
        nearest: Put a time into the nearest bin instead of the one that it lies in.
        dtype: Type of the result; networks want that of their weights.
    """

    def __init__(
        self, bin_width: float, size: int = 100, *, nearest: bool = False, dtype: torch.dtype = torch.int64
    ) -> None:
        super().__init__()
        self.sparse = SpikeTimesToSparseTensor(bin_width, size, nearest=nearest, dtype=dtype)

    @checked
    def forward(self, spikes: Tensor) -> Tensor:
        """Return zeros and ones ``(size, *shape)`` for times ``spikes`` of any shape."""
        return self.sparse(spikes).to_dense()  # type: ignore[no-any-return]


@checked
class BernoulliEncoder(torch.nn.Module):
    """Encode values as rates: in each step a value spikes with a probability of itself.

    Args:
        seq_length: Number of time steps of the output.
        generator: Of the random numbers, so that spikes are the same again; None for torch's own.

    Raises:
        ParameterError: ``seq_length`` is no whole number of at least 1.
    """

    def __init__(self, seq_length: int, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.seq_length = _whole(seq_length, "seq_length")
        self.generator = generator

    @checked
    def forward(self, values: Tensor) -> Tensor:
        """Encode values.

        Args:
            values: In [0, 1], floating, any shape, usually (batch, channel).

        Returns:
            Zeros and ones of the same type, ``(seq_length, *shape)``.

        Raises:
            TensorTypeError: ``values`` is not floating; scale bytes to [0, 1] first.
            TensorValueError: A value is not in [0, 1].
        """
        if not values.is_floating_point():
            raise TensorTypeError(f"values: got {values.dtype}, wanted a floating type; scale bytes to [0, 1] first")
        if not bool(((values >= 0) & (values <= 1)).all()):
            raise TensorValueError("values: got some beyond [0, 1], or NaN; scale them first")
        shape = (self.seq_length, *values.shape)
        drawn = torch.rand(shape, generator=self.generator, device=values.device, dtype=values.dtype)
        return (drawn < self.probability(values)).to(values.dtype)

    def probability(self, values: Tensor) -> Tensor:
        """Return the probability of a spike in a step, of values in [0, 1]."""
        return values


@checked
class PoissonEncoder(BernoulliEncoder):
    """Encode values as rates: a value ``x`` fires as a Poisson process of ``x f_max`` spikes per second.

    A step has a spike if the process has one or more in it, with a probability of ``1 - exp(-x f_max dt)``.

    Args:
        seq_length: Number of time steps of the output.
        f_max: Rate of a value of 1, in spikes per second of the chip; 1e5 are 100 Hz of biological time.
        dt: Step in seconds.
        generator: Of the random numbers, so that spikes are the same again; None for torch's own.

    Raises:
        ParameterError: ``seq_length`` is no whole number of at least 1, or another number is not positive.
    """

    def __init__(
        self, seq_length: int, f_max: float = 1e5, dt: float = 1e-6, generator: torch.Generator | None = None
    ) -> None:
        super().__init__(seq_length, generator)
        self.f_max = _positive(f_max, "f_max")
        self.dt = _positive(dt, "dt")

    def probability(self, values: Tensor) -> Tensor:
        """Return the probability of a spike in a step, of values in [0, 1]."""
        return -torch.expm1(-self.f_max * self.dt * values)


@checked
class DeltaEncoder(torch.nn.Module):
    """Encode a signal by its changes (send on delta): a spike for each threshold that it rises or falls by.

    The encoder keeps a reference, at first the signal's first value. Where the signal is a threshold or more above it,
    the channel's "on" source spikes and the reference rises by one threshold; below it, the "off" source spikes and the
    reference falls. A step has room for one spike, so a signal that changes faster is followed in the steps after.

    Args:
        threshold: Change per spike, in units of the signal.

    Raises:
        ParameterError: ``threshold`` is not positive.
    """

    def __init__(self, threshold: float) -> None:
        super().__init__()
        self.threshold = _positive(threshold, "threshold")

    @checked
    def forward(self, signal: Tensor) -> Tensor:
        """Encode a signal.

        Args:
            signal: Floating (time, batch, channel).

        Returns:
            Zeros and ones of the same type, (time, batch, 2 channel): all "on" sources, then all "off" sources.

        Raises:
            TensorShapeError: ``signal`` has other axes, or no step.
            TensorTypeError: It is not floating.
            TensorValueError: It holds NaN or infinity.
        """
        if signal.ndim != 3 or not len(signal):
            raise TensorShapeError(f"signal: got shape {tuple(signal.shape)}, wanted (time, batch, channel)")
        if not signal.is_floating_point():
            raise TensorTypeError(f"signal: got {signal.dtype}, wanted a floating type")
        if not bool(signal.isfinite().all()):
            raise TensorValueError("signal: holds NaN or infinity, wanted finite numbers")
        channels = signal.shape[2]
        spikes = signal.new_zeros(*signal.shape[:2], 2 * channels)
        level = torch.zeros_like(signal[0])  # of the reference, in whole thresholds
        for step, height in enumerate((signal - signal[0]) / self.threshold):
            on, off = (height - level >= 1).to(signal.dtype), (height - level <= -1).to(signal.dtype)
            spikes[step, :, :channels], spikes[step, :, channels:] = on, off
            level = level + on - off
        return spikes


def _positive(value: float, name: str) -> float:
    if not value > 0:
        raise ParameterError(f"{name}: got {value}, wanted a positive number")
    return float(value)


def _whole(value: int, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ParameterError(f"{name}: got {value!r}, wanted a whole number of at least 1")
    return value
