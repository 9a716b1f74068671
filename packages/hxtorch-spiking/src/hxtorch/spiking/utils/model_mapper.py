"""Take over trained values from a model whose parameters have other names."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import torch
from torch import Tensor

from hxtorch.spiking.errors import ParameterError, ParameterWarning, TensorShapeError


class MixinHXModelMapper:
    """Adds :meth:`map_from` to a ``torch.nn.Module``: ``class Model(MixinHXModelMapper, torch.nn.Module)``."""

    def map_from(self, state_dict: Mapping[str, Tensor], mapping: Mapping[str, str], map_all: bool = True) -> None:
        """Copy values into parameters and buffers of this model. On an error nothing is copied.

        Args:
            state_dict: Values by name, as ``other_model.state_dict()`` gives them.
            mapping: For names in this model's state dictionary, the name in ``state_dict`` whose value they get.
                Several may get the same value.
            map_all: Give names that are not in ``mapping`` the value of the same name, if there is one. A parameter
                that gets none keeps its value, with a :class:`~hxtorch.spiking.errors.ParameterWarning`.

        Raises:
            TypeError: This is no ``torch.nn.Module``.
            ParameterError: A name in ``mapping`` is unknown.
            TensorShapeError: A value has another shape than what it is for.
        """
        if not isinstance(self, torch.nn.Module):
            raise TypeError(f"{type(self).__name__}: got no torch.nn.Module, which MixinHXModelMapper is for")
        own = self.state_dict(keep_vars=True)
        sources = {**{name: name for name in own if map_all and name in state_dict}, **mapping}
        for target, source in sources.items():
            if target not in own:
                turned = "; a mapping goes from names of this model to names in state_dict" if source in own else ""
                raise ParameterError(f"mapping: got {target!r}, wanted names in this model: {', '.join(own)}{turned}")
            if source not in state_dict:
                raise ParameterError(f"mapping: got {source!r}, wanted names in state_dict: {', '.join(state_dict)}")
            if own[target].shape != state_dict[source].shape:
                got = f"got {source!r} of shape {tuple(state_dict[source].shape)}"
                raise TensorShapeError(f"{target}: {got}, wanted {tuple(own[target].shape)}")
        left = [name for name, _ in self.named_parameters() if name not in sources]
        if map_all and left:
            warnings.warn(
                f"mapping: {', '.join(left)} of {type(self).__name__} keep their values, as state_dict has no such "
                "names; add them to the mapping or say map_all=False",
                ParameterWarning,
                stacklevel=2,
            )
        with torch.no_grad():
            for target, source in sources.items():
                own[target].copy_(state_dict[source])
