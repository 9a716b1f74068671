"""The numbers of the mock model, and the ones in force."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from hxtorch.core import HXTorchError
from hxtorch.perceptron import constants
from hxtorch.perceptron.doors import checked
from hxtorch.perceptron.unbound import unbound

HEMISPHERES = 2
GAINS = (HEMISPHERES, constants.hardware_matrix_width)


class MockParameterError(HXTorchError, OverflowError, ValueError):
    """A parameter of the mock model has no meaning."""


@checked
@dataclass(eq=False)
class MockParameter:
    """Gain and noise of the linear model behind mock mode and behind all gradients.

    Attributes:
        noise_std: Standard deviation of the result of one tile in LSB, at least 0.
        gain: Result per product of weight and activation, in (0, 1]: one for all columns, or a tensor (2, 256) with
            one for each column of the upper and of the lower hemisphere.
        event_noise_std: Standard deviation that each event of a tile adds to its result in LSB, at least 0: activations
            that are not zero, each as often as it is sent. 0 unless asked for: then noise does not depend on
            inputs. Chips have about 0.13 beside a ``noise_std`` of 1.

    Source:
        Chip facts 2.4, 2.7.
    """

    noise_std: float = constants.defaults.noise_std
    gain: float | Tensor = constants.defaults.gain
    event_noise_std: float = 0.0

    def check(self) -> None:
        """Refuse a gain outside (0, 1], a negative or endless noise, and other shapes than those of ``gain``.

        Raises:
            MockParameterError: Says which.
        """
        for name in ("noise_std", "event_noise_std"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise MockParameterError(f"{name}: got {getattr(self, name)}, wanted a finite number of at least 0")
        gain = torch.as_tensor(self.gain)
        if gain.dim() and gain.shape != GAINS:
            raise MockParameterError(
                f"gain: got shape {tuple(gain.shape)}, wanted a number or a tensor of shape {GAINS}"
            )
        if not ((gain > 0) & (gain <= 1)).all():
            bad = gain[~((gain > 0) & (gain <= 1))].flatten()[0].item() if gain.dim() else gain.item()
            raise MockParameterError(f"gain: got {bad}, wanted more than 0 and at most 1")

    def copy(self) -> MockParameter:
        """Return a copy that shares nothing."""
        gain = self.gain.detach().clone() if isinstance(self.gain, Tensor) else float(self.gain)
        return MockParameter(float(self.noise_std), gain, float(self.event_noise_std))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MockParameter):
            return NotImplemented
        mine, others = torch.as_tensor(self.gain), torch.as_tensor(other.gain)
        if (self.noise_std, self.event_noise_std) != (other.noise_std, other.event_noise_std):
            return False
        return mine.shape == others.shape and bool((mine == others).all())


_current = MockParameter()
_gain = torch.as_tensor(_current.gain, dtype=torch.float64)


@unbound
def get_mock_parameter() -> MockParameter:
    """Return a copy of the parameters in force: changing it changes nothing until it is set."""
    return _current.copy()


@unbound
@checked
def set_mock_parameter(parameter: MockParameter) -> None:
    """Put ``parameter`` in force for mock operations and for all gradients of operations that follow.

    Args:
        parameter: Copied.

    Raises:
        MockParameterError: Its gain is not in (0, 1], or its noise is negative.
    """
    global _current, _gain
    parameter.check()
    _current = parameter.copy()
    _gain = torch.as_tensor(_current.gain, dtype=torch.float64)


def in_force() -> tuple[MockParameter, Tensor]:
    """Return the parameters in force themselves, not to be changed, and their gain as float64, shape () or (2, 256)."""
    return _current, _gain
