"""Contract: the public names, their parameters and the order of those that may be positional."""

import copy
import inspect
import subprocess
import sys

import pytest
import torch

import hxtorch.ann
import hxtorch.perceptron as hxp
import hxtorch.perceptron.nn as hxnn

PRODUCT = "num_sends wait_between_events mock"
RECORDING = "madc_recording_neuron_id madc_recording_path"
CONVOLUTION = (
    "in_channels out_channels kernel_size stride padding dilation groups bias padding_mode "
    "num_sends wait_between_events mock * input_transform weight_transform"
)
SIGNATURES = [
    (hxp.add, "input other alpha mock"),
    (hxp.argmax, "input dim keepdim mock"),
    (hxp.conv1d, f"input weight bias stride {PRODUCT}"),
    (hxp.conv2d, f"input weight bias stride {PRODUCT}"),
    (hxp.expanded_conv1d, f"input weight bias stride num_expansions {PRODUCT}"),
    (hxp.relu, "input mock"),
    (hxp.converting_relu, "input shift mock"),
    (hxp.mac, f"x weights {PRODUCT} {RECORDING}"),
    (hxp.matmul, f"input other {PRODUCT} {RECORDING}"),
    (hxp.MockParameter, "noise_std gain"),
    (hxp.get_mock_parameter, ""),
    (hxp.set_mock_parameter, "parameter"),
    (hxp.measure_mock_parameter, ""),
    (hxnn.Layer, "mock"),
    (hxnn.MACLayer, f"{PRODUCT} * input_transform weight_transform"),
    (hxnn.MACLayer.reset_parameters, "self weight_mean relu_shift"),
    (hxnn.Linear, f"in_features out_features bias {PRODUCT} * avg input_transform weight_transform"),
    (hxnn.Conv1d, CONVOLUTION),
    (hxnn.Conv2d, CONVOLUTION),
    (hxnn.ExpandedConv1d, f"{CONVOLUTION} num_expansions"),
    (hxnn.ReLU, "mock"),
    (hxnn.ConvertingReLU, "shift mock"),
    (hxnn.clamp_weight_, "weight"),
    (hxnn.scale_input, "x_in"),
    (hxnn.scale_weight, "weight"),
]


@pytest.mark.parametrize(("function", "wanted"), SIGNATURES)
def test_parameters_have_their_names_and_order(function, wanted):
    names = list(inspect.signature(function).parameters)
    positional, _, keywords = (part.split() for part in wanted.partition("*"))
    assert names[: len(positional)] == positional
    assert set(keywords) <= set(names)


def test_constants_are_the_chips():
    constants = hxp.constants
    assert (constants.synaptic_weight_min, constants.synaptic_weight_max) == (-63, 63)
    assert (constants.input_activation_min, constants.input_activation_max) == (0, 31)
    assert (constants.output_activation_min, constants.output_activation_max) == (-128, 127)
    assert (constants.hardware_matrix_height, constants.hardware_matrix_width) == (128, 256)
    defaults = constants.defaults
    assert (defaults.wait_between_events, defaults.gain, defaults.noise_std) == (5, 0.002, 2.0)


def test_both_names_are_one_module():
    assert hxtorch.ann is hxp
    assert hxtorch.ann.nn.Linear is hxnn.Linear


def test_the_frontend_imports_neither_the_emulator_nor_the_other_frontend():
    code = (
        "import sys, hxtorch.perceptron\n"
        "late = {'bss2_emulator.chip', 'hxtorch.spiking', 'matplotlib', 'sklearn', 'torch._dynamo'}\n"
        "assert not late & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603


FUNCTIONS = [name for name in hxp.__all__ if name[0].islower() and callable(getattr(hxp, name))]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_operations_are_no_methods_of_a_class_that_holds_them(name):
    function = getattr(hxp, name)
    holder = type("Holder", (), {"function": function})
    assert holder().function is function
    assert function.__name__ == name
    assert function.__doc__ == function.__wrapped__.__doc__
    assert copy.deepcopy(function) is copy.copy(function) is function


def test_operation_kept_as_a_class_attribute_is_called_without_self():
    class Layer:
        product = hxp.matmul

    assert Layer().product(torch.ones(2, 5), torch.ones(5, 3), mock=True).shape == (2, 3)


@pytest.mark.parametrize("name", ["Conv1d", "Conv2d", "ConvertingReLU", "ExpandedConv1d", "Linear", "ReLU"])
def test_layers_show_all_their_arguments_and_name_the_nearest_of_an_unknown_one(name):
    layer = getattr(hxp.nn, name)
    parameters = inspect.signature(layer).parameters
    assert "mock" in parameters
    assert all(one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY) for one in parameters.values())
    with pytest.raises(TypeError, match=rf"mok: {name} has no such argument; did you mean 'mock'\?"):
        layer(mok=True)
