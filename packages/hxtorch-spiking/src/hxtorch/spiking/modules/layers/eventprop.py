"""Neurons and synapses that are trained by EventProp."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from hxtorch.spiking.doors import checked
from hxtorch.spiking.errors import ExperimentError
from hxtorch.spiking.functional.eventprop.grid import TRACES_BACK, EventPropLIFFunction, EventPropSynapseFunction
from hxtorch.spiking.functional.steps.loop import Feedback, Traces
from hxtorch.spiking.modules.neurons.lif import LIF
from hxtorch.spiking.modules.synapses.dense import Synapse
from hxtorch.spiking.modules.types import Projection
from hxtorch.spiking.network.observables import HardwareObservables
from hxtorch.spiking.transforms import weight_transforms

if TYPE_CHECKING:
    from hxtorch.spiking.chip.execution_instance import ExecutionInstance
    from hxtorch.spiking.experiment.experiment import Experiment


class EventPropLIF(LIF):
    """Leaky integrate-and-fire neurons that return EventProp's gradient.

    Values, arguments and errors are those of :class:`~hxtorch.spiking.Neuron`; ``method`` and ``alpha`` do not matter.
    What reads the spikes must be an :class:`EventPropSynapse`, and a loss on the spikes must return derivatives with
    respect to their times, see :class:`~hxtorch.spiking.functional.EventPropLIFFunction`. Parameters cannot be trained.
    """

    steps_alone = False
    traces_back = TRACES_BACK

    def integrate(self, current: Tensor, recorded: HardwareObservables, feedback: Feedback | None = None) -> Traces:
        """Return the traces of the model for weighted spikes (time, batch, neuron), with recordings in their place."""
        spikes, membrane, i = EventPropLIFFunction.apply(  # type: ignore[no-untyped-call]
            current, self._model_params(), self.experiment.dt, recorded
        )
        return Traces(spikes, membrane, i, None)

    def prepare(self, sources: tuple[Any, ...], readers: tuple[Any, ...]) -> None:
        """Get ready for a run.

        Raises:
            ExperimentError: A projection reads the spikes that does not return derivatives by their times.
        """
        super().prepare(sources, readers)
        for reader in readers:
            if isinstance(reader, Projection) and not isinstance(reader, EventPropSynapse):
                raise ExperimentError(f"{reader.label}: reads spikes of EventProp neurons, wanted an EventPropSynapse")


@checked
class EventPropSynapse(Synapse):
    """All-to-all synapses that return EventProp's gradient to what sends the spikes.

    Values and arguments are those of :class:`~hxtorch.spiking.Synapse`. What they drive may be any neurons; what sends
    the spikes must be :class:`EventPropLIF` neurons or inputs of the network.

    Args:
        in_features: Number of source neurons.
        out_features: Number of target neurons.
        experiment: Collects the module when it is called.
        execution_instance: Where the target population runs, or None to leave that to the population.
        chip_coordinate: Chip of the target population; kept.
        device: Of the weight.
        dtype: Of the weight.
        transform: Turns the weight from model units into LSB, or "auto".
        plasticity_rule: Rule for the plasticity processors, which a run on the chip refuses as yet.
        func: Model of the synapse, a function of spikes, weight and step.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        experiment: Experiment,
        execution_instance: ExecutionInstance | Callable[..., Any] | None = None,
        chip_coordinate: Any = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        transform: Callable[[Tensor], Tensor] | str = weight_transforms.linear_saturating,
        plasticity_rule: object = None,
        *,
        func: Callable[..., Any] = EventPropSynapseFunction.apply,
    ) -> None:
        super().__init__(
            in_features,
            out_features,
            experiment,
            execution_instance,
            chip_coordinate,
            device,
            dtype,
            transform,
            plasticity_rule,
            func=func,
        )

    def operands(self) -> tuple[Any, ...]:
        """Return what the model of the synapse is called with behind the spikes."""
        return self.weight, self.experiment.dt
