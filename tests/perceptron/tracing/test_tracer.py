"""Contract: a recorded inference replays as it ran, and what cannot be recorded is refused."""

import pytest
import torch

import hxtorch.perceptron as hxp
import hxtorch.perceptron.nn as hxnn
from hxtorch.core import open_session
from hxtorch.core.products.sequence import load_sequence


def network():
    """Convolution, rectifier, flattening, dense layers with biases, class."""
    model = torch.nn.Sequential(
        hxnn.Conv2d(2, 3, 4, stride=2, padding=1),
        hxnn.ConvertingReLU(1),
        torch.nn.Flatten(),
        hxnn.Linear(3 * 4 * 4, 20),
        hxnn.ReLU(),
    )
    with torch.no_grad():
        for layer in (model[0], model[3]):
            layer.bias.uniform_(-9, 9)
    return model


def names(path):
    return [type(operation).__name__ for operation in load_sequence(path).operations]


def test_a_replay_equals_the_traced_run_and_takes_other_batches(ideal, tmp_path):
    path, model = tmp_path / "inference", network()
    x = torch.randint(0, 32, (7, 2, 8, 8)).float()
    tracer = hxp.InferenceTracer(str(path))
    tracer.start()
    traced = hxp.argmax(model(x), dim=-1)
    found = tracer.stop()
    assert found == ["mac", "add", "converting_relu", "mac", "add", "relu", "argmax"]
    replayed = hxp.inference_trace(x, str(path))
    assert replayed.dtype == torch.int64
    assert torch.equal(replayed, traced)
    assert torch.equal(hxp.inference_trace(x[2:5], str(path)), traced[2:5])
    assert names(path)[-2:] == ["ReLU", "ArgMax"]


@pytest.mark.parametrize("inference_mode", [False, True])
@pytest.mark.parametrize(
    ("operations", "shape"),
    [
        (lambda x: hxp.mac(x, torch.full((9, 4), 20.0), 3), (5, 9)),
        (lambda x: hxp.mac(x, torch.full((9, 4), 20.0), 3), (9,)),
        (lambda x: hxp.matmul(x, torch.full((9,), 20.0)), (5, 9)),
        (lambda x: hxp.matmul(x, torch.full((9, 4), -20.0), 7), (2, 3, 9)),
        (lambda x: hxp.conv1d(x, torch.full((3, 2, 4), 9.0), torch.tensor([1.0, -2.0, 3.0]), 2, 5), (4, 2, 15)),
        (lambda x: hxp.conv1d(x, torch.full((3, 2, 4), 9.0), None, 2, 5), (2, 15)),
        (lambda x: hxp.expanded_conv1d(x, torch.full((3, 2, 4), 9.0), None, 2, 4, 5), (4, 2, 15)),
        (lambda x: hxp.add(x, torch.arange(3.0)), (5, 3)),
        (lambda x: hxp.add(x, 9.0, alpha=-2), (5, 3)),
        (lambda x: hxp.argmax(x), (5, 3)),
        (lambda x: hxp.argmax(x, dim=1, keepdim=True), (5, 3)),
        (lambda x: hxp.relu(hxp.relu(x).reshape(5, 4, 3)), (5, 12)),
        (lambda x: hxp.converting_relu(x, 1), (5, 3)),
    ],
)
def test_each_operation_replays(ideal, tmp_path, operations, shape, inference_mode):
    x = torch.randint(0, 32, shape).float()
    with torch.inference_mode(inference_mode), hxp.InferenceTracer(tmp_path / "inference"):
        traced = operations(x)
    replayed = hxp.inference_trace(x, tmp_path / "inference")
    assert replayed.dtype == traced.dtype
    assert torch.equal(replayed, traced)


def test_tracers_nest_and_all_record(ideal, tmp_path):
    x, weights = torch.randint(0, 32, (3, 5)).float(), torch.full((5, 5), 30.0)
    with hxp.InferenceTracer(tmp_path / "outer"):
        hidden = hxp.converting_relu(hxp.matmul(x, weights, 9))
        with hxp.InferenceTracer(tmp_path / "inner"):
            result = hxp.matmul(hidden, weights, 3)
    assert names(tmp_path / "outer") == ["MAC", "ConvertingReLU", "MAC"]
    assert names(tmp_path / "inner") == ["MAC"]
    assert torch.equal(hxp.inference_trace(x, tmp_path / "outer"), result)
    assert torch.equal(hxp.inference_trace(hidden, tmp_path / "inner"), result)


@pytest.mark.parametrize(
    "step",
    [
        lambda x: x + 0,
        lambda x: x.clone(),
        lambda x: x.T,
        lambda x: x[:, :3],
        lambda x: x.flip(0),
        lambda x: x.relu_(),
        lambda x: torch.zeros(4, 4),
    ],
)
def test_a_step_between_that_is_not_recorded_is_refused_before_anything_is_sent(ideal, tmp_path, step):
    path = tmp_path / "inference"
    with hxp.InferenceTracer(path) as tracer:
        assert tracer
        result = hxp.matmul(torch.full((4, 4), 9.0), torch.full((4, 4), -20.0), 9)
        before = ideal.connection.run_counter
        with pytest.raises(RuntimeError, match="step between"):
            hxp.relu(step(result))
        with pytest.raises(ValueError, match="step between"):
            hxp.matmul(step(result), torch.zeros(4, 4))
        assert ideal.connection.run_counter == before
    assert names(path) == ["MAC"]


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        (lambda x: hxp.relu(x, mock=True), "mock"),
        (lambda x: hxnn.Linear(4, 2, mock=True)(x), "mock"),
        (lambda x: hxp.matmul(x, torch.ones(2, 4, 4)), "several matrices"),
        (lambda x: hxp.argmax(x, dim=0), "another axis"),
        (lambda x: hxnn.Linear(4, 2, avg=2)(x), "mean over columns"),
        (lambda x: hxp.conv1d(x, torch.ones(4, 2, 1), groups=2), "in groups"),
    ],
)
def test_what_a_sequence_cannot_hold_is_refused(ideal, tmp_path, operation, words):
    tracer = hxp.InferenceTracer(tmp_path / "inference")
    tracer.start()
    with pytest.raises(ValueError, match=words):
        operation(torch.ones(4, 4))
    assert tracer.stop() == []


def test_an_empty_trace_is_legal_and_cannot_be_run(ideal, tmp_path):
    tracer = hxp.InferenceTracer(tmp_path / "inference")
    tracer.start()
    assert tracer.stop() == []
    with pytest.raises(RuntimeError, match="holds no operation"):
        hxp.inference_trace(torch.ones(4), tmp_path / "inference")


def test_operations_have_the_names_of_their_functions_and_all_products_are_mac(ideal, tmp_path):
    x = torch.randint(0, 32, (3, 6)).float()
    tracer = hxp.InferenceTracer(tmp_path / "inference")
    tracer.start()
    first = hxp.converting_relu(hxp.mac(x, torch.full((6, 8), 9.0)), 1)
    second = hxp.relu(hxp.conv1d(first.reshape(3, 1, 8), torch.full((1, 1, 3), 9.0)).reshape(3, 6))
    hxp.argmax(hxp.add(hxp.matmul(second.reshape(3, 6), torch.ones(6, 4)), torch.ones(4)), 1, True)
    assert tracer.stop() == ["mac", "converting_relu", "mac", "relu", "mac", "add", "argmax"]


def test_a_tracer_starts_and_stops_in_turn(ideal, tmp_path):
    tracer = hxp.InferenceTracer(tmp_path / "inference")
    with pytest.raises(ValueError, match="not recording"):
        tracer.stop()
    tracer.start()
    with pytest.raises(ValueError, match="is recording"):
        tracer.start()
    hxp.relu(torch.ones(3))
    tracer.stop()
    assert names(tmp_path / "inference") == ["ReLU"]
    hxp.relu(torch.ones(3))
    tracer.start()
    hxp.converting_relu(torch.ones(3))
    tracer.stop()
    assert names(tmp_path / "inference") == ["ConvertingReLU"]


def test_an_error_inside_of_the_block_leaves_no_file_and_no_tracer(ideal, tmp_path):
    tracer = hxp.InferenceTracer(tmp_path / "inference")
    with pytest.raises(OverflowError), tracer:
        hxp.relu(torch.full((3,), 200.0))
    assert not list(tmp_path.iterdir())
    hxp.relu(torch.ones(3), mock=True)


def test_bad_input_of_a_replay(ideal, tmp_path):
    path = tmp_path / "inference"
    with hxp.InferenceTracer(path):
        hxp.matmul(torch.ones(2, 5), torch.ones(5, 3))
    for x, error in (
        (torch.full((2, 5), 32.0), OverflowError),
        (torch.full((2, 5), float("nan")), ValueError),
        (torch.ones(2, 4), ValueError),
    ):
        with pytest.raises(error):
            hxp.inference_trace(x, path)
    path.write_bytes(b"\x80\x04]")
    with pytest.raises(ValueError, match="no sequence"):
        hxp.inference_trace(torch.ones(2, 5), path)
    with pytest.raises(FileNotFoundError):
        hxp.inference_trace(torch.ones(2, 5), tmp_path / "missing")


def test_replay_needs_a_chip(tmp_path):
    path = tmp_path / "inference"
    with open_session(fidelity="ideal"), hxp.InferenceTracer(path):
        hxp.relu(torch.ones(3))
    with pytest.raises(RuntimeError, match="init_hardware"):
        hxp.inference_trace(torch.ones(3), path)


def test_an_operation_that_failed_leaves_no_trace(ideal, tmp_path):
    x, weights = torch.full((4, 6), 9.0), torch.full((6, 6), 20.0)
    with hxp.InferenceTracer(tmp_path / "inference"):
        hidden = hxp.converting_relu(hxp.matmul(x, weights)).reshape(4, 2, 3)
        with pytest.raises(OverflowError):
            hxp.matmul(hidden, torch.full((3, 2), 64.0))
        result = hxp.matmul(hidden, torch.full((3, 2), 60.0))
    assert names(tmp_path / "inference") == ["MAC", "ConvertingReLU", "Rearrangement", "MAC"]
    assert torch.equal(hxp.inference_trace(x, tmp_path / "inference"), result)
