"""Path of user scripts; see :class:`hxtorch.core.NeuronPlacement`."""

from hxtorch.core import NeuronPlacement as NeuronPlacement
