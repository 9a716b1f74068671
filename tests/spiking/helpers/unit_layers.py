"""Layers whose model counts potentials from the rest, in parts of the threshold, and has ``tau_mem dv/dt = -v + i``."""

import torch

from hxtorch import snn as hxsnn


def potentials():
    """Return leak 0, reset 0 and threshold 1 of the model, 80, 80 and 125 of the chip."""
    return {
        "leak": hxsnn.MixedHXModelParameter(0.0, 80),
        "reset": hxsnn.MixedHXModelParameter(0.0, 80),
        "threshold": hxsnn.MixedHXModelParameter(1.0, 125),
    }


def layer(kind, names, size, experiment, **options):
    """Return a layer with those of the potentials that it has."""
    units = {name: value for name, value in potentials().items() if name in names}
    tau = options.get("tau_mem")
    if isinstance(tau, (float, torch.Tensor)):
        units["membrane_capacitance"] = hxsnn.MixedHXModelParameter(tau, 63)
    if options.get("params") is not None:
        units = {}
    return kind(size, experiment, **{**units, **options})


def lif(size, experiment, **options):
    """Return leaky integrate-and-fire neurons."""
    return layer(hxsnn.LIF, ("leak", "reset", "threshold"), size, experiment, **options)


def iaf(size, experiment, **options):
    """Return integrate-and-fire neurons."""
    return layer(hxsnn.IAFNeuron, ("reset", "threshold"), size, experiment, **options)


def li(size, experiment, **options):
    """Return leaky integrators."""
    return layer(hxsnn.LI, ("leak",), size, experiment, **options)


def aelif(size, experiment, **options):
    """Return adaptive exponential neurons, of whose further terms only those are there that are asked for."""
    terms = dict.fromkeys(("exponential", "subthreshold_adaptation", "spike_triggered_adaptation"), False)
    values = {
        "exponential_slope": hxsnn.MixedHXModelParameter(0.1, 500),
        "exponential_threshold": hxsnn.MixedHXModelParameter(0.8, 511),
        "subthreshold_adaptation_strength": hxsnn.MixedHXModelParameter(0.1, 100),
        "spike_triggered_adaptation_increment": hxsnn.MixedHXModelParameter(0.1, 100),
    }
    return layer(hxsnn.AELIF, ("leak", "reset", "threshold"), size, experiment, **{**terms, **values, **options})
