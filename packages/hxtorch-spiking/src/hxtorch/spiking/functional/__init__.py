"""Numerics of the models as plain functions of tensors: the specification that faster implementations must meet."""

from typing import TYPE_CHECKING

from hxtorch.spiking.functional.aelif import AELIFTraces, cuba_aelif_integration
from hxtorch.spiking.functional.dropout import batch_dropout
from hxtorch.spiking.functional.eventprop.exact import ExactEventPropFunction, exact_lif_spike_times
from hxtorch.spiking.functional.eventprop.grid import EventPropLIFFunction, EventPropSynapseFunction
from hxtorch.spiking.functional.iaf import (
    CUBAIAFParams,
    IAFTraces,
    cuba_iaf_integration,
    cuba_refractory_iaf_integration,
)
from hxtorch.spiking.functional.input_neuron import input_neuron
from hxtorch.spiking.functional.li import CUBALIParams, LITraces, cuba_li_integration
from hxtorch.spiking.functional.lif import CUBALIFParams, LIFTraces, cuba_lif_integration
from hxtorch.spiking.functional.linear import linear
from hxtorch.spiking.functional.models.exponential_euler import exp_cuba_li_integration, exp_cuba_lif_integration
from hxtorch.spiking.functional.models.functions import IAF, LI, LIF
from hxtorch.spiking.functional.models.step_code import CuBaStepCode
from hxtorch.spiking.functional.refractory import refractory_update
from hxtorch.spiking.functional.steps.compiled import step_by_step
from hxtorch.spiking.functional.superspike import SuperSpike, superspike_func
from hxtorch.spiking.functional.synapses.exponential_clamp import linear_exponential_clamp
from hxtorch.spiking.functional.synapses.sparse import linear_sparse
from hxtorch.spiking.functional.threshold import threshold
from hxtorch.spiking.functional.unterjubel import Unterjubel
from hxtorch.spiking.paths import submodules as _submodules

__all__ = [
    "IAF",
    "LI",
    "LIF",
    "AELIFTraces",
    "CUBAIAFParams",
    "CUBALIFParams",
    "CUBALIParams",
    "CuBaStepCode",
    "EventPropLIFFunction",
    "EventPropSynapseFunction",
    "ExactEventPropFunction",
    "IAFTraces",
    "LIFTraces",
    "LITraces",
    "SuperSpike",
    "Unterjubel",
    "batch_dropout",
    "cuba_aelif_integration",
    "cuba_iaf_integration",
    "cuba_li_integration",
    "cuba_lif_integration",
    "cuba_refractory_iaf_integration",
    "exact_lif_spike_times",
    "exp_cuba_li_integration",
    "exp_cuba_lif_integration",
    "input_neuron",
    "linear",
    "linear_exponential_clamp",
    "linear_sparse",
    "refractory_update",
    "step_by_step",
    "superspike_func",
    "threshold",
]

if not TYPE_CHECKING:  # to a type checker any name would be known
    __getattr__ = _submodules(__name__, "spike_source", "step_integration_code_factory")


def __dir__() -> list[str]:
    return sorted(__all__)
