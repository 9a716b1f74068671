"""Neuron models as autograd functions, the form in which the older reference hands them to modules as ``func``.

Values and gradients are those of the integrations of the same model; the way back integrates again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Tensor

from hxtorch.spiking.functional.models.iaf import CUBAIAFParams, cuba_refractory_iaf_integration
from hxtorch.spiking.functional.models.li import CUBALIParams, cuba_li_integration
from hxtorch.spiking.functional.models.lif import CUBALIFParams, cuba_lif_integration
from hxtorch.spiking.functional.recorded import HardwareData

__all__ = ["IAF", "LI", "LIF"]

Params = CUBALIFParams | CUBAIAFParams | CUBALIParams


class _Integration(torch.autograd.Function):
    """An integration whose way back is that of its steps.

    ``apply(input, params, hw_data=None, dt=1e-6)`` returns the traces of the model, a tuple of tensors or None.
    Gradients reach the input and those parameters that are tensors.
    """

    integrate: ClassVar[Callable[..., tuple[Any, ...]]]
    params_type: ClassVar[type[Params]]

    @classmethod
    def apply(cls, input: Tensor, params: Params | None = None, hw_data: HardwareData = None, dt: float = 1e-6) -> Any:
        """Integrate.

        Args:
            input: Weighted spikes per step, floating (time, batch, neuron).
            params: Parameters in model units, None for the defaults.
            hw_data: Recordings of the chip.
            dt: Step in seconds.
        """
        chosen = cls.params_type() if params is None else params
        tensors = [value for value in chosen if isinstance(value, Tensor)]
        return super().apply(input, chosen, hw_data, dt, *tensors)  # type: ignore[no-untyped-call]

    @staticmethod
    def _run(ctx: Any, input: Tensor, params: Params, hw_data: HardwareData, dt: float, *tensors: Tensor) -> Any:
        ctx.settings = params, hw_data, dt
        ctx.save_for_backward(input, *tensors)
        traces = ctx.model.integrate(input, params, hw_data, dt)
        ctx.set_materialize_grads(False)
        return tuple(traces)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *grad_outputs: Tensor | None) -> tuple[Tensor | None, ...]:
        """Integrate again and go back through the steps."""
        params, hw_data, dt = ctx.settings
        needed = ctx.needs_input_grad[:1] + ctx.needs_input_grad[4:]
        with torch.enable_grad():
            leaves = [
                saved.detach().requires_grad_(need) for saved, need in zip(ctx.saved_tensors, needed, strict=True)
            ]
            tensors = iter(leaves[1:])
            again = type(params)(*(next(tensors) if isinstance(value, Tensor) else value for value in params))
            traces = ctx.model.integrate(leaves[0], again, hw_data, dt)
        pairs = [
            (trace, grad)
            for trace, grad in zip(traces, grad_outputs, strict=True)
            if grad is not None and isinstance(trace, Tensor) and trace.requires_grad
        ]
        wanted = [leaf for leaf in leaves if leaf.requires_grad]
        found = iter(
            torch.autograd.grad([trace for trace, _ in pairs], wanted, [grad for _, grad in pairs], allow_unused=True)
            if pairs
            else [None] * len(wanted)
        )
        to_input, *to_tensors = (next(found) if leaf.requires_grad else None for leaf in leaves)
        return to_input, None, None, None, *to_tensors


class LIF(_Integration):
    """Leaky integrate-and-fire neurons, see :func:`~hxtorch.spiking.functional.cuba_lif_integration`."""

    integrate = staticmethod(cuba_lif_integration)
    params_type = CUBALIFParams

    @staticmethod
    def forward(
        ctx: Any, input: Tensor, params: CUBALIFParams, hw_data: Any = None, dt: float = 1e-6, *tensors: Tensor
    ) -> Any:
        """Return spikes, membrane, current, and the recording of the membrane ADC."""
        ctx.model = LIF
        return _Integration._run(ctx, input, params, hw_data, dt, *tensors)


class IAF(_Integration):
    """Integrate-and-fire neurons, see :func:`~hxtorch.spiking.functional.cuba_refractory_iaf_integration`."""

    integrate = staticmethod(cuba_refractory_iaf_integration)
    params_type = CUBAIAFParams

    @staticmethod
    def forward(
        ctx: Any, input: Tensor, params: CUBAIAFParams, hw_data: Any = None, dt: float = 1e-6, *tensors: Tensor
    ) -> Any:
        """Return spikes, membrane, current, and the recording of the membrane ADC."""
        ctx.model = IAF
        return _Integration._run(ctx, input, params, hw_data, dt, *tensors)


class LI(_Integration):
    """Leaky integrators, see :func:`~hxtorch.spiking.functional.cuba_li_integration`."""

    integrate = staticmethod(cuba_li_integration)
    params_type = CUBALIParams

    @staticmethod
    def forward(
        ctx: Any, input: Tensor, params: CUBALIParams, hw_data: Any = None, dt: float = 1e-6, *tensors: Tensor
    ) -> Any:
        """Return membrane, current, and the recording of the membrane ADC."""
        ctx.model = LI
        return _Integration._run(ctx, input, params, hw_data, dt, *tensors)
