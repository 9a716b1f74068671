"""From inputs to spikes."""

from __future__ import annotations

import torch
from torch import Tensor

from hxtorch.spiking.errors import ParameterError, TensorShapeError, TensorValueError


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
