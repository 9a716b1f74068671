"""Numerics of the models as plain functions of tensors: the specification that faster implementations must meet."""

from hxtorch.spiking.functional.input_neuron import input_neuron
from hxtorch.spiking.functional.li import LI, CUBALIParams, cuba_li_integration
from hxtorch.spiking.functional.lif import LIF, CUBALIFParams, cuba_lif_integration
from hxtorch.spiking.functional.linear import linear
from hxtorch.spiking.functional.refractory import refractory_update
from hxtorch.spiking.functional.superspike import SuperSpike, superspike_func
from hxtorch.spiking.functional.threshold import threshold
from hxtorch.spiking.functional.unterjubel import Unterjubel

__all__ = [
    "LI",
    "LIF",
    "CUBALIFParams",
    "CUBALIParams",
    "SuperSpike",
    "Unterjubel",
    "cuba_li_integration",
    "cuba_lif_integration",
    "input_neuron",
    "linear",
    "refractory_update",
    "superspike_func",
    "threshold",
]
