"""Spiking networks on BrainScaleS-2 in PyTorch, trained with the chip in the loop."""

from hxtorch.spiking import datasets, functional, handle, transforms
from hxtorch.spiking.execution_instance import ExecutionInstance
from hxtorch.spiking.experiment import Experiment
from hxtorch.spiking.handle import NeuronHandle, ReadoutNeuronHandle, SynapseHandle, TensorHandle
from hxtorch.spiking.modules import (
    BatchDropout,
    EventPropLIF,
    EventPropSynapse,
    ExactEventPropLIF,
    HXModule,
    IAFNeuron,
    InputNeuron,
    Neuron,
    NeuronExp,
    ReadoutNeuron,
    ReadoutNeuronExp,
    SparseSynapse,
    Synapse,
)
from hxtorch.spiking.parameter import (
    HXParameter,
    HXTransformedModelParameter,
    MixedHXModelParameter,
    ModelParameter,
)
from hxtorch.spiking.running import run

# The same objects under the names of other versions of the API.
LIF, LI = Neuron, ReadoutNeuron
Handle, LIFObservables, LIObservables = TensorHandle, NeuronHandle, ReadoutNeuronHandle

__all__ = [
    "LI",
    "LIF",
    "BatchDropout",
    "EventPropLIF",
    "EventPropSynapse",
    "ExactEventPropLIF",
    "ExecutionInstance",
    "Experiment",
    "HXModule",
    "HXParameter",
    "HXTransformedModelParameter",
    "Handle",
    "IAFNeuron",
    "InputNeuron",
    "LIFObservables",
    "LIObservables",
    "MixedHXModelParameter",
    "ModelParameter",
    "Neuron",
    "NeuronExp",
    "NeuronHandle",
    "ReadoutNeuron",
    "ReadoutNeuronExp",
    "ReadoutNeuronHandle",
    "SparseSynapse",
    "Synapse",
    "SynapseHandle",
    "TensorHandle",
    "datasets",
    "functional",
    "handle",
    "run",
    "transforms",
]
