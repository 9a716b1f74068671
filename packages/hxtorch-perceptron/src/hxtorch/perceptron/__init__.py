"""Analog matrix products of BrainScaleS-2 as operations on tensors and as layers.

Activations are integers 0..31, weights -63..63, results int8; all of them live in floating-point tensors, so that
gradients flow. ``mock=True`` computes by a linear model instead of the chip of the current session
(``hxtorch.init_hardware()``).
"""

from importlib import import_module as _import_module

from hxtorch.perceptron import constants, nn
from hxtorch.perceptron.measure import measure_mock_parameter
from hxtorch.perceptron.mock.parameter import MockParameter, MockParameterError, get_mock_parameter, set_mock_parameter
from hxtorch.perceptron.ops.addition import add
from hxtorch.perceptron.ops.argmax import argmax
from hxtorch.perceptron.ops.convolutions.functions import conv1d, conv2d, expanded_conv1d
from hxtorch.perceptron.ops.mac import mac
from hxtorch.perceptron.ops.matmul import matmul
from hxtorch.perceptron.ops.relu import converting_relu, relu
from hxtorch.perceptron.threads import obey_torch as _obey_torch
from hxtorch.perceptron.tracer import InferenceTracer, inference_trace

_obey_torch()

__all__ = [
    "InferenceTracer",
    "MockParameter",
    "MockParameterError",
    "add",
    "argmax",
    "constants",
    "conv1d",
    "conv2d",
    "converting_relu",
    "expanded_conv1d",
    "get_mock_parameter",
    "inference_trace",
    "mac",
    "matmul",
    "measure_mock_parameter",
    "nn",
    "relu",
    "set_mock_parameter",
]


def __getattr__(name: str) -> object:
    """Import the pictures when they are asked for first: most programs never need them."""
    if name == "viz":
        return _import_module("hxtorch.perceptron.viz")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, "errors", "viz"})
