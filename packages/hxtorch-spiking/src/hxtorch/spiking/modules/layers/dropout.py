"""Dropout of neurons for a whole batch, on the chip too."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from hxtorch.spiking import functional
from hxtorch.spiking.doors import checked
from hxtorch.spiking.errors import TensorTypeError
from hxtorch.spiking.modules.hx_module import HXModule
from hxtorch.spiking.modules.legal import each, kept_size, legal_flag, legal_mask, legal_share
from hxtorch.spiking.modules.neurons.analog import AnalogNeuron
from hxtorch.spiking.network.handle import Handle, NeuronHandle, TensorHandle
from hxtorch.spiking.network.observables import HardwareObservables

if TYPE_CHECKING:
    from hxtorch.spiking.experiment.experiment import Experiment

__all__ = ["BatchDropout"]


@checked
class BatchDropout(HXModule):
    """Silence some neurons in all samples of a batch.

    Called with the spikes of a population, it silences the population itself: in the model as on the chip, where the
    threshold comparators of dropped neurons are off in this run, they neither spike nor are they reset. Each call draws
    a new mask, one for the run and its whole batch, by torch's random numbers: a neuron is kept where one of them,
    uniform in [0, 1), is more than ``dropout``. In evaluation (``eval()``) nothing is dropped. What is kept is not
    scaled.

    Args:
        size: Number of neurons.
        dropout: Probability to drop a neuron, 0 to 1.
        experiment: Collects the module when it is called.
        func: Function of the spikes (time, batch, neuron) and the mask.
        drop_inputs: Take inputs of the network too, and drop what is sent.

    Raises:
        ParameterError: ``size`` or ``dropout`` is out of range.
    """

    input_type = NeuronHandle
    output_type = NeuronHandle
    single_input = True
    prepares = True
    _checks = (
        HXModule._checks | {"size": kept_size("size")} | each(legal_share, "dropout") | each(legal_flag, "drop_inputs")
    )

    _mask: Tensor | None

    def __init__(
        self,
        size: int,
        dropout: float,
        experiment: Experiment,
        func: Callable[[Tensor, Tensor], Tensor] = functional.batch_dropout,
        drop_inputs: bool = False,
    ) -> None:
        super().__init__(experiment, func=func)
        self.size = size
        self.dropout = dropout
        self.drop_inputs = drop_inputs
        self.register_buffer("_mask", None, persistent=False)

    @property
    def in_size(self) -> int | None:
        return self.size

    @property
    def out_size(self) -> int | None:
        return self.size

    @property
    def mask(self) -> Tensor | None:
        """Which neurons are kept, bool (neuron,), or None before the first run; can be set for the run to come."""
        return self._mask

    @mask.setter
    def mask(self, mask: Tensor) -> None:
        self.set_mask(mask)

    @property
    def source_mask(self) -> Tensor | None:
        """Which neurons of the population that it reads may spike in this pass."""
        return self._mask

    def set_mask(self, mask: Tensor | None = None) -> Tensor:
        """Choose which neurons are kept; calls do this.

        Args:
            mask: True where a neuron is kept (neuron,), or None to draw it: in training each neuron is dropped with
                the probability of the module, in evaluation none is.

        Returns:
            The mask.

        Raises:
            TensorTypeError, TensorShapeError: ``mask`` is no tensor, or has another shape.
        """
        if mask is None:
            device = None if self._mask is None else self._mask.device
            kept = torch.rand(self.size, device=device) > self.dropout
            mask = kept if self.training else torch.ones_like(kept)
        else:
            legal_mask(self.label, mask, self.size)
        self._mask = mask.to(torch.bool)
        return self._mask

    def forward(self, *input: Handle, output: Handle | None = None) -> Any:
        """Join the experiment with a new mask.

        Raises:
            TensorTypeError: The input is not the spikes of neurons, nor with ``drop_inputs`` an input of the network: a
                chip could not drop it. See also :meth:`HXModule.forward`.
        """
        for handle in input:
            if isinstance(handle, Handle) and handle.observable_state is not None:
                self._check_filled(self.experiment.modules.maker(handle))
        filled = super().forward(*input, output=output)
        self.set_mask()
        return filled

    def check_source(self, maker: Any) -> None:
        """Check that it is neurons that are dropped."""
        if not isinstance(maker, AnalogNeuron):
            raise TensorTypeError(f"{self.label}: got the output of {maker.label}, wanted that of neurons")
        super().check_source(maker)

    def prepare(self, sources: tuple[Any, ...], readers: tuple[Any, ...]) -> None:
        """Check handles that were empty when the module was called."""
        for maker in sources:
            self._check_filled(maker)

    def _check_filled(self, maker: Any) -> None:
        """Check what fills the input, None for the user."""
        if maker is None and not self.drop_inputs:
            raise TensorTypeError(
                f"{self.label}: got an input of the network, wanted the output of neurons, whose mask it sets; to drop "
                "what is sent, write BatchDropout(..., drop_inputs=True)"
            )

    def forward_func(  # type: ignore[override]  # one input
        self, input: TensorHandle, hw_data: HardwareObservables | None = None
    ) -> Any:
        """Drop spikes; membranes and currents are handed on."""
        output = NeuronHandle()
        output.clone(input)
        model: Any = self.func
        if isinstance(model, type) and issubclass(model, torch.autograd.Function):
            model = model.apply  # type: ignore[no-untyped-call, unused-ignore]
        mask = self._mask if self._mask is not None else self.set_mask()
        output.spikes = model(input.filled(), mask)
        return output

    def extra_repr(self) -> str:
        """Return size and probability."""
        return f"size={self.size}, dropout={self.dropout}"
