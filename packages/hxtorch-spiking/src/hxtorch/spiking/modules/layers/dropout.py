"""Dropout of neurons for a whole batch, on the chip too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from hxtorch.spiking import functional
from hxtorch.spiking.errors import ExperimentError, ParameterError, TensorShapeError
from hxtorch.spiking.modules.hx_module import HXModule
from hxtorch.spiking.modules.neurons.analog import AnalogNeuron
from hxtorch.spiking.modules.types import legal_size
from hxtorch.spiking.network.handle import NeuronHandle, TensorHandle
from hxtorch.spiking.network.observables import HardwareObservables

if TYPE_CHECKING:
    from hxtorch.spiking.experiment.experiment import Experiment

__all__ = ["BatchDropout"]


class BatchDropout(HXModule):
    """Silence some neurons in all samples of a batch.

    Called with the spikes of a population, it silences the population itself: in the model as on the chip, where the
    threshold comparators of dropped neurons are off in this run, they neither spike nor are they reset. Called with an
    input of the network, it drops what is sent. Each call draws a new mask by torch's random numbers. In evaluation
    (``eval()``) nothing is dropped. What is kept is not scaled.

    Args:
        size: Number of neurons.
        dropout: Probability to drop a neuron, 0 to 1.
        experiment: Collects the module when it is called.
        func: Function of the spikes (time, batch, neuron) and the mask.

    Raises:
        ParameterError: ``size`` or ``dropout`` is out of range.
    """

    input_type = NeuronHandle
    output_type = NeuronHandle
    single_input = True

    def __init__(
        self,
        size: int,
        dropout: float,
        experiment: Experiment,
        func: Callable[[Tensor, Tensor], Tensor] = functional.batch_dropout,
    ) -> None:
        if not 0 <= dropout <= 1:
            raise ParameterError(f"dropout: got {dropout}, wanted 0 to 1")
        super().__init__(experiment, func)
        self.size = legal_size("size", size)
        self.dropout = dropout
        self._dropout_func = func
        self.register_buffer("_mask", torch.ones(self.size, dtype=torch.bool), persistent=False)

    _mask: Tensor

    @property
    def in_size(self) -> int | None:
        return self.size

    @property
    def out_size(self) -> int | None:
        return self.size

    @property
    def mask(self) -> Tensor:
        """Which neurons are kept in this pass, bool (neuron,)."""
        return self._mask

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
            TensorShapeError: ``mask`` has another shape.
        """
        if mask is None:
            keep = 1.0 - self.dropout if self.training else 1.0
            mask = torch.rand(self.size, device=self._mask.device) < keep
        elif mask.shape != (self.size,):
            raise TensorShapeError(f"mask: got shape {tuple(mask.shape)}, wanted ({self.size},)")
        self._mask = mask.to(self._mask)
        return self._mask

    def forward(self, *input: TensorHandle, output: TensorHandle | None = None) -> TensorHandle:
        """Join the experiment with a new mask.

        Raises:
            ExperimentError: The input is neither an input of the network nor the spikes of neurons: a chip could not
                drop it. See also :meth:`HXModule.forward`.
        """
        for handle in input:
            maker = self.experiment.modules.maker(handle)
            if maker is not None and not isinstance(maker.module, AnalogNeuron):
                raise ExperimentError(
                    f"{self.label}: got the output of {maker.module.label}, wanted that of neurons or an input"
                )
        filled = super().forward(*input, output=output)
        self.set_mask()
        return filled

    def forward_func(self, *input: TensorHandle, hw_data: HardwareObservables | None = None) -> Any:
        """Drop spikes; membranes and currents are handed on."""
        (handle,) = input
        return replace(handle, spikes=self._dropout_func(handle.filled(), self._mask))  # type: ignore[call-arg]

    def extra_repr(self) -> str:
        """Return size and probability."""
        return f"size={self.size}, dropout={self.dropout}"
