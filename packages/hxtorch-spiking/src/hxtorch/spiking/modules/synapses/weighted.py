"""What dense and sparse synapses have in common: a trained weight, and what runs need to know of it."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor

from hxtorch.spiking import functional
from hxtorch.spiking.chip.weight_scale import nominal_weight_scale
from hxtorch.spiking.doors import worst_of
from hxtorch.spiking.errors import ExperimentError, ParameterError, TensorTypeError
from hxtorch.spiking.functional.synapses.events import holds_spikes
from hxtorch.spiking.modules.legal import each, legal_function, legal_weight
from hxtorch.spiking.modules.synapses.bias import Background, check_takes_bias, legal_bias
from hxtorch.spiking.modules.synapses.lsb import TransformedProjection, legal_transform
from hxtorch.spiking.network.handle import NeuronHandle, SynapseHandle, TensorHandle
from hxtorch.spiking.network.observables import HardwareObservables
from hxtorch.spiking.network.tensors import check_axes, check_finite
from hxtorch.spiking.parameter import NUMBERS
from hxtorch.spiking.transforms.weight_transforms import AutoScale, linear_saturating

if TYPE_CHECKING:
    from hxtorch import core
    from hxtorch.spiking.experiment.experiment import Experiment
    from hxtorch.spiking.modules.synapses.positions import Arguments


class WeightedProjection(TransformedProjection):
    """Base of synapses with a weight.

    Args:
        in_features, out_features: Sizes of the populations.
        experiment: Collects the module when it is called.
        weight: Weights in model units, any shape; the subclass draws the values.
        arguments: What synapses are made of beside.
        plasticity_rule: Rule for the plasticity processors, or None.
        bias: Whether there is one, or its values (out_features,).

    Attributes:
        bias: What is added to each output in each step, model units, a parameter (out_features,), or None.
        bias_on_chip: What it was in the last run on a chip: "shift of the leak" or "regular background source".

    Raises:
        ParameterError: ``bias`` is no boolean or tensor (out_features,), or ``func`` takes none.
    """

    input_type = NeuronHandle
    output_type = SynapseHandle
    _checks = (
        TransformedProjection._checks
        | each(legal_function, "func")
        | each(legal_weight, "weight")
        | {"weight_transform": lambda module, value: legal_transform(value)}
    )

    product: ClassVar[Callable[..., Tensor]] = staticmethod(functional.linear)
    """Model of the synapse if nothing is said."""

    bias_on_chip: str | None = None

    background: Background | None = None
    """What stood for the bias in the last run on a chip, unless it was a shift of the leak."""

    def __init__(
        self,
        in_features: int,
        out_features: int,
        experiment: Experiment,
        weight: Tensor,
        arguments: Arguments,
        plasticity_rule: object = None,
        bias: bool | Tensor = False,
    ) -> None:
        super().__init__(
            in_features,
            out_features,
            experiment,
            func=arguments.func,
            execution_instance=arguments.execution_instance,
        )
        self.weight = torch.nn.Parameter(weight)
        self.register_parameter("bias", legal_bias(bias, self.out_features, weight))
        if self.bias is not None:
            check_takes_bias(arguments.func, len(inspect.signature(self.product).parameters) - 1)
        self._bias_given = isinstance(bias, Tensor)
        self.weight_transform: Callable[..., Tensor] = legal_transform(arguments.transform)
        self.chip_coordinate = arguments.chip_coordinate
        self.plasticity_rule = plasticity_rule
        self.extra_kwargs: dict[str, Any] = {}
        self._extra_args: tuple[Any, ...] = ()
        self._weight_old: Tensor | None = None
        self._bias_old: Tensor | None = None
        self._said: set[str] = set()

    @property
    def extra_args(self) -> tuple[Any, ...]:
        """What the model of the synapse is called with behind the spikes: the weight, unless something else is set."""
        return self._extra_args or self.operands()

    @extra_args.setter
    def extra_args(self, arguments: tuple[Any, ...]) -> None:
        self._extra_args = tuple(arguments)

    def operands(self) -> tuple[Any, ...]:
        """Return what the model of the synapse is called with behind the spikes."""
        return (self.weight,) if self.bias is None else (self.weight, self.bias)

    @property
    def changed_since_last_run(self) -> bool:
        """Whether weight, bias or what the chip is routed for has changed since the last run, or there was none."""
        same = equal(self._weight_old, self.weight) and equal(self._bias_old, self.bias)
        return not same or super().changed_since_last_run

    def reset_changed_since_last_run(self) -> None:
        """Take the weight as it is now for that of the last run; runs do this."""
        super().reset_changed_since_last_run()
        own, weight, bias = self.__dict__, self.weight, self.bias  # to set attributes in torch's way takes time
        own["_weight_old"] = kept(own["_weight_old"], weight)
        own["_bias_old"] = None if bias is None else kept(own["_bias_old"], bias)

    def reset_parameters(self, mean: float | None = None, std: float | None = None) -> None:
        """Draw new weights.

        Args:
            mean: Mean of normal weights, in model units. Without it and ``std``, weights are uniform between -k and k
                for ``k = 1 / sqrt(in_features)``, as those of ``torch.nn.Linear`` are.
            std: Standard deviation of normal weights, in model units.

        A bias is uniform between -k and k.
        """
        self._draw_bias()
        if mean is None and std is None:
            torch.nn.init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        else:
            torch.nn.init.normal_(self.weight, 0.0 if mean is None else mean, 1.0 if std is None else std)

    def _draw_bias(self) -> None:
        if self.bias is not None and not self._bias_given:
            bound = 1 / math.sqrt(self.in_features)
            torch.nn.init.uniform_(self.bias, -bound, bound)

    def add_to_network_graph(
        self, pre: core.PopulationDescriptor, post: core.PopulationDescriptor, builder: core.NetworkBuilder
    ) -> tuple[core.ProjectionDescriptor, ...]:
        """Add the synapses to the network on the chip; see :meth:`Projection.add_to_network_graph`.

        Raises:
            RoutingError: The populations are of other sizes, or ``post`` is not on the chip.
            ExperimentError: There is a plasticity rule.
        """
        if self.plasticity_rule is not None:
            raise ExperimentError(
                f"plasticity_rule of {self.label}: plasticity processors come in a later version; leave the rule out "
                "to run with the weights as they are"
            )
        return super().add_to_network_graph(pre, post, builder)

    def forward_func(  # type: ignore[override]  # one input
        self, input: TensorHandle, hw_data: HardwareObservables | None = None
    ) -> Any:
        """Weigh the spikes of a handle, into a :class:`~hxtorch.spiking.SynapseHandle`."""
        return SynapseHandle(self.weigh(check_axes(input.filled(), self, self.in_features)))

    def weigh(self, spikes: Tensor) -> Tensor:
        """Return the weighted spikes (time, batch, out_features) of spikes (time, batch, in_features).

        Raises:
            TensorTypeError: ``spikes`` is of another type than the weight, outside of automatic casts.
            TensorValueError: The weight holds NaN or infinity.
        """
        self.check_operands(spikes)
        model: Any = self.func
        if isinstance(model, type) and issubclass(model, torch.autograd.Function):
            model = model.apply  # type: ignore[no-untyped-call, unused-ignore]
        weighted: Tensor = model(spikes, *self.extra_args, **self.extra_kwargs)
        return weighted

    def check_operands(self, spikes: Tensor) -> None:
        """Refuse what can not be weighed.

        Raises:
            TensorTypeError: ``spikes`` is of another type than the weight, outside of automatic casts.
            TensorValueError: The weight holds NaN or infinity.
        """
        weight, bias = self.weight, self.bias
        if spikes.dtype != weight.dtype and not torch.is_autocast_enabled(spikes.device.type):
            wanted = f"{weight.dtype} like the weight"
            raise TensorTypeError(f"input of {self.label}: got {spikes.dtype}, wanted {wanted}")
        if worst_of(weight) != 0:
            check_finite(weight, f"weight of {self.label}")
        if bias is not None:
            check_finite(bias, f"bias of {self.label}")

    def reaches(self, target: Any) -> None:
        """Take the scale of weights from the neurons, if the transform is to find it."""
        if isinstance(self.weight_transform, AutoScale) and self.weight_transform.scale is None:
            self.weight_transform.nominal = nominal_weight_scale(target)

    def matrix(self) -> Tensor | None:
        """Return the weights (out_features, in_features), or None if the synapse has a model of its own."""
        return None if self.has_own_model() else self.weight

    def has_own_model(self) -> bool:
        """Whether the model of the synapse is more than the product that it has if nothing is said."""
        return self.func is not self.product or bool(self._extra_args) or bool(self.extra_kwargs)

    def _check_numbers(self, tensor: Tensor) -> None:
        """Check the numbers of an input that was handed in filled; that finds the spikes too."""
        if not holds_spikes(tensor, self.out_features):
            super()._check_numbers(tensor)


def check_no_bias(what: str, synapse: WeightedProjection) -> None:
    """Check that a synapse within a recurrent layer has no bias.

    Raises:
        ParameterError: It has one.
    """
    if synapse.bias is not None:
        raise ParameterError(f"{what}: got a bias, which comes from outside; give it to the synapse into the layer")


def repeated(transform: Callable[..., Tensor]) -> tuple[Any, ...] | None:
    """Return what tells a transform that does the same each time from others like it; None for one of the user."""
    if transform is linear_saturating:
        return ()
    if not (type(transform) is partial and transform.func is linear_saturating):
        return None
    given = *transform.args, *transform.keywords.values()
    return (*transform.args, *transform.keywords.items()) if NUMBERS.issuperset(map(type, given)) else None


def equal(old: Tensor | None, now: Tensor | None) -> bool:
    """Return whether two tensors are on the same device and hold the same, or there are none."""
    if old is None or now is None:
        return old is now
    return old.device == now.device and torch.equal(old, now)


def kept(old: Tensor | None, now: Tensor) -> Tensor:
    """Return a copy of ``now``, in the memory of ``old`` where that fits."""
    now = now.detach()
    if old is None or (old.shape, old.dtype, old.device) != (now.shape, now.dtype, now.device):
        return now.clone()
    return old.copy_(now)
