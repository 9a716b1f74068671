"""Take over trained values from a model whose parameters have other names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from hxtorch.spiking.errors import ParameterError, TensorShapeError


class MixinHXModelMapper:
    """Adds :meth:`map_from` to a ``torch.nn.Module``: ``class Model(MixinHXModelMapper, torch.nn.Module)``."""

    def map_from(
        self, state_dict: Mapping[str, Tensor], mapping: Mapping[str, str | Sequence[str]], map_all: bool = True
    ) -> None:
        """Copy values into parameters and buffers of this model. On an error nothing is copied.

        Args:
            state_dict: Values by name, as ``other_model.state_dict()`` gives them.
            mapping: For names in ``state_dict``, the name in this model's state dictionary that gets the value, or
                several such names.
            map_all: Refuse a mapping that leaves out one of this model's parameters.

        Raises:
            TypeError: This is no ``torch.nn.Module``.
            ParameterError: A name is unknown or gets two values, or a parameter is left out.
            TensorShapeError: A value has another shape than what it is for.
        """
        if not isinstance(self, torch.nn.Module):
            raise TypeError(f"{type(self).__name__}: got no torch.nn.Module, which MixinHXModelMapper is for")
        own = self.state_dict(keep_vars=True)
        values: dict[str, Tensor] = {}
        for source, targets in mapping.items():
            if source not in state_dict:
                raise ParameterError(f"mapping: got {source!r}, wanted names in state_dict: {', '.join(state_dict)}")
            for target in [targets] if isinstance(targets, str) else targets:
                if target not in own:
                    raise ParameterError(f"mapping: got {target!r}, wanted names in this model: {', '.join(own)}")
                if target in values:
                    raise ParameterError(f"mapping: {target!r} gets two values, wanted one")
                if own[target].shape != state_dict[source].shape:
                    got = f"got {source!r} of shape {tuple(state_dict[source].shape)}"
                    raise TensorShapeError(f"{target}: {got}, wanted {tuple(own[target].shape)}")
                values[target] = state_dict[source]
        left = [name for name, _ in self.named_parameters() if name not in values]
        if map_all and left:
            raise ParameterError(f"mapping: leaves out {', '.join(left)}; add them or say map_all=False")
        with torch.no_grad():
            for target, value in values.items():
                own[target].copy_(value)
