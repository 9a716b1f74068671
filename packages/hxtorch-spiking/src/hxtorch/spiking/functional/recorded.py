"""Recordings in the forms in which the numerics take them."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

from torch import Tensor

from hxtorch.spiking.errors import TensorTypeError
from hxtorch.spiking.network.handle import Handle
from hxtorch.spiking.network.observables import HardwareObservables, column


class Analog(Protocol):
    """What the ADCs showed of one node of the neurons; what was not recorded is None."""

    @property
    def cadc(self) -> Tensor | None:
        """By the column ADC, in model units (time, batch, neuron)."""

    @property
    def madc(self) -> Tensor | None:
        """By the membrane ADC."""


class ObservableHandle(Protocol):
    """What the chip showed under the names of today's handles; what was not recorded is None."""

    @property
    def voltage(self) -> Tensor | Analog | None:
        """Membranes in model units (time, batch, neuron), or that by ``cadc`` and ``madc``."""

    @property
    def adaptation(self) -> Tensor | Analog | None:
        """Adaptation in model units (time, batch, neuron), or that by ``cadc`` and ``madc``."""

    @property
    def spikes(self) -> Tensor | None:
        """Zeros and ones (time, batch, neuron)."""


HardwareData: TypeAlias = HardwareObservables | ObservableHandle | tuple[Tensor | None, ...] | Tensor | None
"""Recordings: as runs hand them over; a handle; (spikes, CADC trace, MADC trace), each a tensor or None; or one tensor,
which is the spikes, of neurons that do not fire the membrane."""


def observables(hw_data: HardwareData, fires: bool = True) -> HardwareObservables | None:
    """Return recordings by name, None for none.

    Args:
        hw_data: Recordings in any form.
        fires: Whether a single tensor means spikes.

    Raises:
        TensorTypeError: It is in no form that is known.
    """
    if hw_data is None or isinstance(hw_data, HardwareObservables):
        return hw_data
    if isinstance(hw_data, Tensor):
        return HardwareObservables(spikes=hw_data) if fires else HardwareObservables(cadc=hw_data)
    if hasattr(hw_data, "voltage") or hasattr(hw_data, "adaptation"):
        spikes, voltage, adaptation = (getattr(hw_data, name, None) for name in ("spikes", "voltage", "adaptation"))
        madc = getattr(voltage, "madc", None)
        return HardwareObservables(spikes, column(voltage), madc, column(adaptation))
    if isinstance(hw_data, tuple) and len(hw_data) <= 3:
        spikes, cadc, madc = (*hw_data, None, None, None)[:3]
        return HardwareObservables(spikes, cadc, madc)
    raise TensorTypeError(
        f"hw_data: got {type(hw_data).__name__}, wanted (spikes, cadc, madc) of tensors or None, or a handle with "
        "voltage, adaptation and spikes"
    )


def apart(given: tuple[Any, ...], hw_data: Any) -> tuple[tuple[Any, ...], Any]:
    """Return inputs and recordings of a call of ``forward_func``, which may have the recordings behind the inputs."""
    *inputs, last = given
    recorded = not isinstance(last, Handle) or (hasattr(last, "voltage") and hasattr(last, "adaptation"))
    return (tuple(inputs), last) if recorded else (given, hw_data)
