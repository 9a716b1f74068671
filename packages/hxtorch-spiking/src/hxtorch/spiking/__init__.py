"""Spiking networks on BrainScaleS-2 in PyTorch, trained with the chip in the loop."""

from typing import TYPE_CHECKING

from hxtorch.spiking import datasets, functional, init, transforms
from hxtorch.spiking.chip.execution_instance import ExecutionInstance
from hxtorch.spiking.experiment.checkpoint import load_checkpoint, save_checkpoint
from hxtorch.spiking.experiment.experiment import Experiment
from hxtorch.spiking.modules import (
    AELIF,
    LI,
    LIF,
    BatchDropout,
    EventPropLIF,
    EventPropSynapse,
    ExactEventPropLIF,
    HXBaseExperimentModule,
    HXFunctionalModule,
    HXModule,
    HXModuleWrapper,
    IAFNeuron,
    InputNeuron,
    Neuron,
    NeuronExp,
    ReadoutNeuron,
    ReadoutNeuronExp,
    Recurrent,
    RecurrentNetwork,
    SparseSynapse,
    Synapse,
)
from hxtorch.spiking.network import handle
from hxtorch.spiking.network.events import SpikeEvents
from hxtorch.spiking.network.handle import Handle, NeuronHandle, ReadoutNeuronHandle, SynapseHandle, TensorHandle
from hxtorch.spiking.parameter import (
    HXBaseParameter,
    HXParameter,
    HXTransformedModelParameter,
    MixedHXModelParameter,
    ModelParameter,
)
from hxtorch.spiking.paths import submodules
from hxtorch.spiking.run import run
from hxtorch.spiking.threads import obey_torch as _obey_torch

if TYPE_CHECKING:
    from hxtorch.spiking.nir import ConversionConfig, NIRNetwork, from_nir, from_nir_data, to_nir, to_nir_data

_obey_torch()

# The same objects under the names of other versions of the API.
LIFObservables, LIObservables = NeuronHandle, ReadoutNeuronHandle

__all__ = [
    "AELIF",
    "LI",
    "LIF",
    "BatchDropout",
    "ConversionConfig",
    "EventPropLIF",
    "EventPropSynapse",
    "ExactEventPropLIF",
    "ExecutionInstance",
    "Experiment",
    "HXBaseExperimentModule",
    "HXBaseParameter",
    "HXFunctionalModule",
    "HXModule",
    "HXModuleWrapper",
    "HXParameter",
    "HXTransformedModelParameter",
    "Handle",
    "IAFNeuron",
    "InputNeuron",
    "LIFObservables",
    "LIObservables",
    "MixedHXModelParameter",
    "ModelParameter",
    "NIRNetwork",
    "Neuron",
    "NeuronExp",
    "NeuronHandle",
    "ReadoutNeuron",
    "ReadoutNeuronExp",
    "ReadoutNeuronHandle",
    "Recurrent",
    "RecurrentNetwork",
    "SparseSynapse",
    "SpikeEvents",
    "Synapse",
    "SynapseHandle",
    "TensorHandle",
    "datasets",
    "from_nir",
    "from_nir_data",
    "functional",
    "handle",
    "init",
    "load_checkpoint",
    "run",
    "save_checkpoint",
    "to_nir",
    "to_nir_data",
    "transforms",
]

_EXCHANGE = frozenset({"ConversionConfig", "NIRNetwork", "from_nir", "from_nir_data", "to_nir", "to_nir_data"})
_PATHS = "backend", "execution_info", "execution_instance", "morphology", "neuron_placement", "observables"
_module = submodules(__name__, *_PATHS, "nir", "utils", "viz")


def __getattr__(name: str) -> object:
    """Import the exchange of networks, the pictures, and paths of user scripts when asked for first."""
    return getattr(_module("nir"), name) if name in _EXCHANGE else _module(name)


def __dir__() -> list[str]:
    return sorted({*__all__, "errors", "modules", "nir", "parameter", "utils", "viz"})
