"""Sources of spikes."""

from __future__ import annotations

from torch import Tensor

from hxtorch.spiking.doors import checked
from hxtorch.spiking.functional.recorded import HardwareData, observables
from hxtorch.spiking.functional.surrogates.unterjubel import inject
from hxtorch.spiking.network.observables import NOTHING

__all__ = ["input_neuron"]


@checked
def input_neuron(input: Tensor, hw_data: HardwareData = None) -> Tensor:
    """Pass spikes on, or what the chip recorded of them on their way.

    Args:
        input: Spikes (time, batch, neuron).
        hw_data: Recordings, or spikes alone; these take the place of ``input``'s.

    Returns:
        Spikes of as many steps as input and recordings both have.
    """
    recorded = observables(hw_data) or NOTHING
    spikes, steps = recorded.spikes, recorded.steps(len(input))
    return inject(input[:steps], None if spikes is None else spikes[:steps])
