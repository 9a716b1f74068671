"""Layers over the operations of :mod:`hxtorch.perceptron`, each a subclass of torch's own where there is one."""

from hxtorch.perceptron.nn.activation import ConvertingReLU, ReLU
from hxtorch.perceptron.nn.convolution import Conv1d, Conv2d, ConvNd
from hxtorch.perceptron.nn.expansion import ExpandedConv1d
from hxtorch.perceptron.nn.layer import Layer
from hxtorch.perceptron.nn.linear import Linear
from hxtorch.perceptron.nn.mac_layer import MACLayer
from hxtorch.perceptron.nn.transforms import clamp_weight_, scale_input, scale_weight

__all__ = [
    "Conv1d",
    "Conv2d",
    "ConvNd",
    "ConvertingReLU",
    "ExpandedConv1d",
    "Layer",
    "Linear",
    "MACLayer",
    "ReLU",
    "clamp_weight_",
    "scale_input",
    "scale_weight",
]


def __dir__() -> list[str]:
    return sorted(__all__)
