"""Examples have the names, options and defaults of the documents."""

import inspect
from importlib import import_module

import pytest

YINYANG = """
--alpha=150 --batch-size=50 --dt=1e-06 --epochs=1 --gamma=0.9 --lr=0.002 --n-hidden=120 --readout-scaling=10.
--reg-readout=0.0004 --seed=0 --step-size=10 --tau-mem=6e-06 --tau-syn=6e-06 --testset-size=10 --trainset-size=50
--t-bias=2e-06 --t-early=2e-06 --t-late=2.6e-05 --t-sim=3.8e-05 --t-shift=0.0 --trace-scale=0.0147 --weight-scale=70
--weight-init-hidden-mean=0.25 --weight-init-hidden-std=0.25 --weight-init-out-mean=0 --weight-init-out-std=0.1
--gradient-estimator=eventprop --plot-path=x.png
"""
MNIST = "--epochs=1 --dataset-fraction=0.05 --batch-size=30 --data-path=x --calibration-path=y --mock"


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("perceptron.mnist", "MNIST Model get_parser init main shrink_dataset test train log"),
        ("spiking.yinyang", "get_parser main plot test train"),
        ("spiking.yinyang_model", "Model SNN"),
    ],
)
def test_an_example_has_its_names(module, names):
    example = import_module(f"hxtorch.examples.{module}")
    assert [name for name in names.split() if not hasattr(example, name)] == []


@pytest.mark.parametrize(
    ("module", "options", "name", "value"),
    [
        ("spiking.yinyang", YINYANG, "n_hidden", 120),
        ("perceptron.mnist", MNIST, "batch_size", 30),
        ("perceptron.mnist", "--mock", "mock", True),
    ],
)
def test_a_command_line_of_the_documents_is_taken(module, options, name, value):
    parsed = import_module(f"hxtorch.examples.{module}").get_parser().parse_args(options.split())
    assert getattr(parsed, name) == value


def test_defaults_of_the_network():
    parameters = inspect.signature(import_module("hxtorch.examples.spiking.yinyang_model").SNN).parameters
    wanted = {"tau_mem": 8e-6, "tau_syn": 8e-6, "alpha": 50, "weight_scale": 1.0, "trace_scale": 1.0}
    wanted["input_repetitions"] = 1
    assert {name: parameters[name].default for name in wanted} == wanted


def test_four_weights_of_the_regularization_by_position():
    regularize = import_module("hxtorch.examples.spiking.yinyang_model").Model.regularize
    bound = inspect.signature(regularize).bind(None, 1, 2, 3, 4).arguments
    assert list(bound) == ["self", "reg_readout", "reg_bursts", "reg_w_hidden", "reg_w_output"]
