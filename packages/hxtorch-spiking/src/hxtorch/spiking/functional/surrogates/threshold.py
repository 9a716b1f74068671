"""The comparator of the model: spikes with a surrogate derivative, by name or as a function."""

from __future__ import annotations

from torch import Tensor

from hxtorch.spiking.doors import checked
from hxtorch.spiking.errors import ParameterError
from hxtorch.spiking.functional.surrogates.derivatives import SURROGATES
from hxtorch.spiking.functional.surrogates.derivatives import Surrogate as Surrogate

__all__ = ["surrogate", "threshold"]


def surrogate(method: str | Surrogate) -> Surrogate:
    """Return the function that ``method`` names, or ``method`` itself if it is one.

    Raises:
        ParameterError: No surrogate has this name.
    """
    if callable(method):
        return method
    try:
        return SURROGATES["superspike" if method == "super_spike" else method]  # the older reference has both spellings
    except KeyError:
        known = ", ".join(sorted(SURROGATES))
        raise ParameterError(
            f"method: got {method!r}, wanted one of {known}, or a function of (input, alpha)"
        ) from None


@checked
def threshold(input: Tensor, method: str | Surrogate = "superspike", alpha: float = 50.0) -> Tensor:
    """Spike where ``input`` exceeds zero.

    Args:
        input: Distance of the membrane from its threshold in model units, any shape.
        method: Name of a surrogate (see :mod:`~hxtorch.spiking.functional.surrogates.derivatives`) or a function of
            ``(input, alpha)``.
        alpha: Steepness of the surrogate.

    Returns:
        Zeros and ones of the shape and type of ``input``.

    Raises:
        ParameterError: No surrogate has this name.
    """
    return surrogate(method)(input, alpha)
