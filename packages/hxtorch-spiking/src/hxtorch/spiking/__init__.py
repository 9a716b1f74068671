"""Spiking networks on BrainScaleS-2 in PyTorch, trained with the chip in the loop."""

from hxtorch.spiking import datasets, functional, handle, transforms
from hxtorch.spiking.execution_instance import ExecutionInstance
from hxtorch.spiking.experiment import Experiment
from hxtorch.spiking.handle import NeuronHandle, ReadoutNeuronHandle, SynapseHandle, TensorHandle
from hxtorch.spiking.modules import HXModule, InputNeuron, Neuron, ReadoutNeuron, Synapse
from hxtorch.spiking.parameter import (
    HXParameter,
    HXTransformedModelParameter,
    MixedHXModelParameter,
    ModelParameter,
)
from hxtorch.spiking.running import run

__all__ = [
    "ExecutionInstance",
    "Experiment",
    "HXModule",
    "HXParameter",
    "HXTransformedModelParameter",
    "InputNeuron",
    "MixedHXModelParameter",
    "ModelParameter",
    "Neuron",
    "NeuronHandle",
    "ReadoutNeuron",
    "ReadoutNeuronHandle",
    "Synapse",
    "SynapseHandle",
    "TensorHandle",
    "datasets",
    "functional",
    "handle",
    "run",
    "transforms",
]
