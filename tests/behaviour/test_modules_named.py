"""Every module that the documents name can be imported."""

import subprocess
import sys
from importlib import import_module

import pytest

CORE = "_hxtorch_core _hxtorch_perceptron _hxtorch_spiking hxtorch hxtorch.compat hxtorch.logger"
PERCEPTRON = "hxtorch.perceptron hxtorch.perceptron.nn hxtorch.perceptron.constants"
EXAMPLES = "perceptron.minimal perceptron.mnist spiking.yinyang spiking.yinyang_model"
SPIKING = """
backend backend.module_manager datasets datasets.yinyang execution_info execution_instance experiment handle modules
morphology neuron_placement observables parameter run transforms transforms.decode transforms.encode
transforms.weight_transforms utils utils.calib_helper utils.model_mapper utils.dynamic_range.boundary
utils.dynamic_range.helper utils.dynamic_range.threshold utils.dynamic_range.weight_scaling
"""
FUNCTIONAL = """
aelif dropout eventprop iaf li lif linear refractory spike_source step_integration_code_factory superspike threshold
unterjubel
"""
MODULES = """
batch_dropout hx_module hx_module_wrapper iaf_neuron input_neuron neuron readout_neuron sparse_synapse synapse types
"""
NAMES = [
    *CORE.split(),
    *PERCEPTRON.split(),
    *(f"hxtorch.examples.{name}" for name in EXAMPLES.split()),
    *(f"hxtorch.spiking.{name}" for name in SPIKING.split()),
    *(f"hxtorch.spiking.functional.{name}" for name in FUNCTIONAL.split()),
    *(f"hxtorch.spiking.modules.{name}" for name in MODULES.split()),
]


@pytest.mark.parametrize("name", NAMES)
def test_a_module_of_the_documents_is_there(name):
    assert import_module(name).__name__ in {name, name.replace("hxtorch.", "hxtorch.core.", 1)}


@pytest.mark.parametrize("name", ["datasets", "functional", "handle", "modules", "transforms", "utils"])
def test_both_names_of_the_frontend_give_one_module(name):
    assert import_module(f"hxtorch.snn.{name}") is import_module(f"hxtorch.spiking.{name}")


def test_modules_are_attributes_of_their_packages_without_an_import_of_each():
    """Scripts import the frontend and write ``hxsnn.morphology``; functions stand before modules of their names."""
    functions = {f"hxtorch.spiking.functional.{name}" for name in ("linear", "threshold")} | {"hxtorch.spiking.run"}
    named = [name for name in NAMES if name.startswith(("hxtorch.spiking", "hxtorch.perceptron"))]
    paths = [name for name in named if name not in functions]
    program = """
import functools, sys, types, hxtorch, hxtorch.snn, hxtorch.perceptron
for path in sys.argv[1:]:
    found = functools.reduce(getattr, path.split(".")[1:], hxtorch)
    assert isinstance(found, types.ModuleType), path
"""
    subprocess.run([sys.executable, "-c", program, *paths], check=True)  # noqa: S603
