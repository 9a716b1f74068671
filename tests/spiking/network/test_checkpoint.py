"""Training that was interrupted goes on as if it had not been."""

import importlib.util
import os
import pickle
import random
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from hxtorch import core
from hxtorch import snn as hxsnn
from hxtorch.core import open_session
from hxtorch.spiking.errors import CheckpointError, ParameterWarning

JOB = Path(__file__).with_name("checkpoint_job.py")


def job():
    spec = importlib.util.spec_from_file_location("checkpoint_job", JOB)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def stored(path):
    with safe_open(path, "pt") as file:
        return {name: file.get_tensor(name) for name in file.keys() if name.startswith("/model")}  # noqa: SIM118


def test_two_halves_in_two_processes_are_the_whole_to_the_bit(tmp_path):
    train = job().train
    whole = train(4)
    half = train(2, save=tmp_path / "half")
    assert any(not torch.equal(half[name], whole[name]) for name in whole)
    command = [sys.executable, str(JOB), str(tmp_path / "half"), str(tmp_path / "whole")]
    subprocess.run(command, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"}, timeout=120)  # noqa: S603
    resumed = stored(tmp_path / "whole")
    assert resumed.keys() == {f"/model/{name}" for name in whole}
    for name, value in whole.items():
        assert torch.equal(resumed[f"/model/{name}"], value), name


@pytest.fixture
def linear():
    model = torch.nn.Linear(3, 2)
    return model, torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)


def test_all_random_numbers_go_on(linear, tmp_path):
    draw = lambda: (torch.rand(2).tolist(), np.random.rand(), random.random())  # noqa: E731, NPY002, S311
    hxsnn.save_checkpoint(tmp_path / "a", *linear)
    wanted = draw()
    hxsnn.load_checkpoint(tmp_path / "a", *linear)
    assert draw() == wanted


def test_run_counter_goes_on_and_another_chip_is_refused(linear, tmp_path):
    path = tmp_path / "a"
    with open_session(serial="a", fidelity="ideal", seed=1) as session:
        session.connection.run_counter = 17
        hxsnn.save_checkpoint(path, *linear)
        session.connection.run_counter = 3
        hxsnn.load_checkpoint(path, *linear)
        assert session.connection.run_counter == 17
    for other in ({"serial": "b"}, {"seed": 2}, {"fidelity": "calibrated"}):
        with (
            open_session(**{"serial": "a", "fidelity": "ideal", "seed": 1, **other}),
            pytest.raises(CheckpointError, match="same_chip=False"),
        ):
            hxsnn.load_checkpoint(path, *linear)
    with pytest.raises(CheckpointError, match="connected is none"):
        hxsnn.load_checkpoint(path, *linear)
    hxsnn.load_checkpoint(path, *linear, same_chip=False)


def test_names_that_look_alike_are_kept_apart(linear, tmp_path):
    extra = {"a/b": torch.ones(2), "a": {"b": torch.zeros(3)}, 1: torch.full((1,), 1.0), "1": torch.full((1,), 2.0)}
    hxsnn.save_checkpoint(tmp_path / "last", *linear, extra=extra)
    loaded = hxsnn.load_checkpoint(tmp_path / "last", *linear)
    assert loaded.keys() == extra.keys()
    assert torch.equal(loaded["a/b"], extra["a/b"])
    assert torch.equal(loaded["a"]["b"], extra["a"]["b"])
    assert [loaded[key].item() for key in (1, "1")] == [1.0, 2.0]


def test_what_is_missing_is_named(linear, tmp_path):
    model, optimizer = linear
    hxsnn.save_checkpoint(tmp_path / "a", model)
    with pytest.raises(CheckpointError, match="has no optimizer"):
        hxsnn.load_checkpoint(tmp_path / "a", model, optimizer)
    with pytest.raises(CheckpointError, match="no generator 'order'"):
        hxsnn.load_checkpoint(tmp_path / "a", model, generators={"order": torch.Generator()})
    with pytest.raises(RuntimeError, match="size mismatch"):
        hxsnn.load_checkpoint(tmp_path / "a", torch.nn.Linear(4, 2))
    with pytest.raises(FileNotFoundError):
        hxsnn.load_checkpoint(tmp_path / "b", model)
    with pytest.raises(CheckpointError, match="extra/0: got object"):
        hxsnn.save_checkpoint(tmp_path / "c", model, extra=[object()])
    assert not (tmp_path / "c").exists()


def test_a_missing_folder_is_made(linear, tmp_path):
    hxsnn.save_checkpoint(tmp_path / "runs" / "first" / "last", *linear)
    hxsnn.load_checkpoint(tmp_path / "runs" / "first" / "last", *linear)


def test_generators_that_are_not_handed_in_are_named_where_training_goes_on(linear, tmp_path):
    hxsnn.save_checkpoint(tmp_path / "a", *linear, generators={"order": torch.Generator()})
    with pytest.warns(ParameterWarning, match="'order'.*other random numbers") as found:
        hxsnn.load_checkpoint(tmp_path / "a", *linear)
    assert found[0].filename == __file__
    hxsnn.load_checkpoint(tmp_path / "a", linear[0])  # to look at it alone


def test_pickles_and_other_files_are_refused(linear, tmp_path):
    model, _ = linear
    (tmp_path / "pickle").write_bytes(pickle.dumps({"model": 1}))
    torch.save(model.state_dict(), tmp_path / "torch")
    hxsnn.save_checkpoint(tmp_path / "a", model)
    (tmp_path / "cut").write_bytes((tmp_path / "a").read_bytes()[:-5])
    (tmp_path / "empty").write_bytes(b"")
    for name in ("pickle", "torch", "cut", "empty"):
        with pytest.raises(CheckpointError, match="no checkpoint"):
            hxsnn.load_checkpoint(tmp_path / name, model)


@pytest.mark.parametrize("value", [3.0, torch.tensor([1.0, 2.0, 3.0])])
@pytest.mark.parametrize("name", ["trace_scale", "trace_offset"])
def test_scales_and_offsets_of_traces_come_from_the_checkpoint_and_that_is_said(name, value):
    """They change results as parameters do; checkpoints without them, and equal ones, load in silence."""

    def neuron(**arguments):
        return hxsnn.Neuron(3, hxsnn.Experiment(mock=True), **arguments)

    state = neuron(**{name: value}).state_dict()
    model = torch.nn.ModuleDict({"lif": neuron()})
    with pytest.warns(ParameterWarning, match=f"lif.{name}: took .* from the checkpoint in the place of"):
        model.load_state_dict({f"lif.{key}": tensor for key, tensor in state.items()})
    assert torch.equal(torch.as_tensor(getattr(model["lif"], name)), torch.as_tensor(value))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        neuron(**{name: value}).load_state_dict(state)
        neuron().load_state_dict({key: tensor for key, tensor in state.items() if key != name})


def test_scales_by_coordinate_stay_with_their_chip():
    by_place = {core.AtomicNeuronOnDLS(index): 2.0 for index in range(512)}
    neuron = hxsnn.Neuron(3, hxsnn.Experiment(mock=True), trace_scale=by_place)
    assert "trace_scale" not in neuron.state_dict()
    neuron.load_state_dict(hxsnn.Neuron(3, hxsnn.Experiment(mock=True)).state_dict())
    assert neuron.trace_scale == by_place
