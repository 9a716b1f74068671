"""EventProp: gradients by the adjoint equations, on a grid of time and in continuous time."""

from hxtorch.spiking.functional.eventprop.grid import EventPropLIFFunction, EventPropSynapseFunction

__all__ = ["EventPropLIFFunction", "EventPropSynapseFunction"]
