"""What dense and sparse synapses have in common: a trained weight, and its values on the chip."""

from __future__ import annotations

import inspect
import math
import warnings
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor

from hxtorch.core.errors import OperandRangeError
from hxtorch.spiking import functional
from hxtorch.spiking.chip.weight_scale import nominal_weight_scale
from hxtorch.spiking.doors import worst_of
from hxtorch.spiking.errors import (
    ExperimentError,
    ParameterError,
    ParameterWarning,
    SilentLayerWarning,
    TensorShapeError,
    TensorTypeError,
)
from hxtorch.spiking.functional.synapses.events import holds_spikes
from hxtorch.spiking.modules.synapses.bias import Background, check_takes_bias, legal_bias
from hxtorch.spiking.modules.types import Projection
from hxtorch.spiking.network.handle import NeuronHandle, SynapseHandle, TensorHandle
from hxtorch.spiking.network.observables import HardwareObservables
from hxtorch.spiking.network.tensors import check_axes, check_finite
from hxtorch.spiking.parameter import NUMBERS
from hxtorch.spiking.transforms.weight_transforms import AutoScale, linear_saturating

if TYPE_CHECKING:
    from hxtorch import core
    from hxtorch.spiking.experiment.experiment import Experiment
    from hxtorch.spiking.modules.synapses.positions import Arguments

MAX_WEIGHT = 63
CLIPPED = 0.05
"""Part of the weights beyond the range of the chip from which on it is said."""
WEAK = 0.8
"""Part of the model's strength below which it is said."""

_HALF = torch.tensor(0.5)
_LEAST_PART = 2.0**-20


class WeightedProjection(Projection):
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

    product: ClassVar[Callable[..., Tensor]] = staticmethod(functional.linear)
    """Model of the synapse if nothing is said."""

    weight: torch.nn.Parameter
    bias: torch.nn.Parameter | None

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
        self.weight_transform = legal_transform(arguments.transform)
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

    def lsb(self) -> Tensor:
        """Return the transformed weight, rounded.

        Returns:
            int8, -63..63 LSB, of the weight's shape, on the CPU.

        Raises:
            TensorTypeError: The transform returned something else than a tensor.
            TensorValueError: The transformed weight holds NaN or infinity.
            TensorShapeError: The transform changed the shape.
            OperandRangeError: A transformed weight exceeds +-63.

        Warns:
            SilentLayerWarning: All weights round to 0 LSB although they are not zero; once per layer.
            ParameterWarning: More than 5 % of the weights are clipped, or ``transform="auto"`` makes them weaker than
                0.8 of the model's; once per layer.
        """
        with torch.no_grad():
            weight, worst = self._in_range(self.present(), "weight")
            if worst < 0.5:
                self._say_if_silent()
            elif worst > MAX_WEIGHT - 0.5:
                self._say_if_clipped(weight)
            return _rounded(weight)

    def bias_lsb(self, weights: Tensor) -> Tensor:
        """Return weights (out_features, source) of the sources that stand for the bias as those of the chip.

        Returns:
            int8 of the same shape, -63..63 LSB, on the CPU.

        Raises:
            TensorTypeError, TensorValueError, TensorShapeError, OperandRangeError: As :meth:`lsb`.
        """
        with torch.no_grad():
            return _rounded(self._in_range(weights, "bias")[0])

    def largest_bias(self) -> float:
        """Return the largest bias as a weight in LSB, also where the transform would clip it."""
        assert self.bias is not None  # noqa: S101 - nobody asks otherwise
        with torch.no_grad():
            part = 1.0
            while True:
                largest = float(self._transformed(self.bias.detach()[:, None] * part).abs().max())
                if largest < MAX_WEIGHT - 0.5 or part < _LEAST_PART:
                    return largest / part
                part /= 2

    def present(self) -> Tensor:
        """Return the weights as they count, outside of the gradient: zero where there is no synapse."""
        return self.weight.detach()

    def _in_range(self, values: Tensor, what: str) -> tuple[Tensor, float]:
        """Return ``values`` in LSB, and the largest size, if the chip has all of them."""
        weight = self._transformed(values)
        worst = max((float(bound) for bound in weight.aminmax()), key=abs) if weight.numel() else 0.0
        if not abs(worst) < MAX_WEIGHT + 0.5:
            check_finite(weight, f"transformed {what} of {self.label}")
            raise OperandRangeError(
                f"{what} of {self.label}: got {math.trunc(worst + math.copysign(0.5, worst))} LSB after the "
                f"transform, wanted -{MAX_WEIGHT} to {MAX_WEIGHT}; clamp in the transform, as linear_saturating "
                "does"
            )
        return weight, abs(worst)

    def _transformed(self, values: Tensor) -> Tensor:
        """Return ``values`` in LSB."""
        transform = self.weight_transform
        weight = transform(values, self.present()) if isinstance(transform, AutoScale) else transform(values)
        if not isinstance(weight, Tensor):
            raise TensorTypeError(f"transform of {self.label}: returned {type(weight).__name__}, wanted a tensor")
        if weight.shape != values.shape:
            shapes = f"{tuple(weight.shape)}, wanted {tuple(values.shape)}"
            raise TensorShapeError(f"transform of {self.label}: returned shape {shapes}")
        return weight

    def _say_if_silent(self) -> None:
        values = self.present()
        largest = float(values.abs().max()) if values.numel() else 0.0
        if largest > 0.0:
            self._say(
                f"all weights round to 0 LSB on the chip (the largest is {largest:.2g} in model units), so nothing "
                f"passes; {_line(MAX_WEIGHT / largest)}",
                SilentLayerWarning,
            )

    def _say_if_clipped(self, weight: Tensor) -> None:
        """Say if many weights are at the bound and would be with smaller values too."""
        if "clipped" in self._said:
            return
        values = self.present()
        if isinstance(self.weight_transform, AutoScale):
            strength, scale = self.weight_transform.strength(values)
            if strength < WEAK:
                self._say(
                    f"weights of the model are up to {float(values.abs().max()) * scale:.0f} LSB on the chip, wanted "
                    f"{MAX_WEIGHT}; transform='auto' scales all of them to {strength:.2g} of the model's strength",
                    ParameterWarning,
                )
            return
        smaller = self._transformed(values * 0.98)  # values at the bound that are not beyond it get away from it
        clipped = int(((weight.abs() >= MAX_WEIGHT) & (smaller.abs() >= MAX_WEIGHT)).sum())
        if clipped > CLIPPED * values.numel():
            self._say(
                f"{clipped} of {values.numel()} weights are clipped to {MAX_WEIGHT} LSB on the chip (the largest is "
                f"{float(values.abs().max()):.2g} in model units); {_line(MAX_WEIGHT / float(values.abs().max()))}",
                ParameterWarning,
            )

    def _say(self, text: str, category: type[Warning]) -> None:
        """Warn once in the life of the layer."""
        kind = "clipped" if category is ParameterWarning else "silent"
        if kind not in self._said:
            self._said.add(kind)
            warnings.warn(f"{self.label}: {text}", category, stacklevel=2)

    def _check_numbers(self, tensor: Tensor, what: str) -> None:
        """Check the numbers of an input that was handed in filled; that finds the spikes too."""
        if not holds_spikes(tensor, self.out_features):
            check_finite(tensor, what)


def legal_transform(transform: Callable[[Tensor], Tensor] | str) -> Callable[..., Tensor]:
    """Return the function that turns weights into LSB.

    Raises:
        ParameterError: It is neither a function nor "auto".
    """
    if callable(transform):
        return transform
    if transform != "auto":
        raise ParameterError(f"transform: got {transform!r}, wanted a function of the weight, or 'auto'")
    return AutoScale()


def check_no_bias(what: str, synapse: WeightedProjection) -> None:
    """Check that a synapse within a recurrent layer has no bias.

    Raises:
        ParameterError: It has one.
    """
    if synapse.bias is not None:
        raise ParameterError(f"{what}: got a bias, which comes from outside; give it to the synapse into the layer")


def _rounded(weight: Tensor) -> Tensor:
    """Return weights in LSB as int8 on the CPU, halves rounded away from zero."""
    return (weight + torch.copysign(_HALF, weight)).to("cpu", torch.int8)  # which cuts off the fraction


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


def _line(scale: float) -> str:
    """Return the line to write."""
    return (
        f"write transform=partial(linear_saturating, scale={scale:.3g}), which brings the largest to {MAX_WEIGHT}, or "
        "transform='auto'"
    )
