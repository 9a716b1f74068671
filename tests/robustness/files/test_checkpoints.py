"""A checkpoint that can not be loaded harms nothing."""

import json
import os
import random

import numpy as np
import pytest
import torch
from safetensors.torch import save

from hxtorch import snn as hxsnn
from hxtorch.core import open_session
from hxtorch.core.errors import FileWarning
from hxtorch.core.files import UNSEALED, seal
from hxtorch.spiking.errors import CheckpointError


class Training:
    """All that a checkpoint brings back."""

    def __init__(self, width=3):
        torch.manual_seed(0)
        self.model = torch.nn.Sequential(torch.nn.Linear(4, width), torch.nn.Linear(width, 2))
        self.optimizer = torch.optim.Adam(self.model.parameters(), 0.1)
        self.scheduler = torch.optim.lr_scheduler.StepLR(self.optimizer, 3)
        self.generators = {"order": torch.Generator().manual_seed(3)}
        self.step()

    def step(self):
        self.model(torch.rand(5, 4)).sum().backward()
        self.optimizer.step()
        self.scheduler.step()
        torch.rand(1, generator=self.generators["order"])

    def parts(self):
        return self.model, self.optimizer, self.scheduler, self.generators

    def numbers(self):
        """Everything as one text."""
        state = [part.state_dict() for part in (self.model, self.optimizer, self.scheduler)]
        drawn = [torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate()]  # noqa: NPY002
        return repr([state, drawn, self.generators["order"].get_state().tolist()])


def table(path):
    content = path.read_bytes()
    return json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])["__metadata__"]


def rewritten(path, change):
    """Write a checkpoint again with other tables, and a seal that fits."""
    from safetensors.torch import load

    metadata = {**table(path), "sha256": UNSEALED}
    state = json.loads(metadata["state"])
    change({key["value"]: value for key, value in state["mapping"]}, state)
    path.write_bytes(seal(save(load(path.read_bytes()), {**metadata, "state": json.dumps(state)})))


def damage_type(parts, state):
    parts["generators"].clear()
    parts["generators"]["value"] = 3


def damage_keys(parts, state):
    state["mapping"].pop()


def damage_depth(parts, state):
    inner = parts["extra"]
    for _ in range(300):
        inner["list"] = [{}]
        inner.pop("value", None)
        inner = inner["list"][0]
    inner["value"] = 1


def damage_kind(parts, state):
    parts["extra"]["exec"] = parts["extra"].pop("value")


def damage_random(parts, state):
    parts["random"]["mapping"] = [[key, {"value": 1}] for key, _ in parts["random"]["mapping"]]


def damage_scheduler(parts, state):
    parts["scheduler"]["mapping"] = [[{"value": "step_size"}, {"value": 99}]]
    parts["random"]["mapping"].pop()


DAMAGES = [damage_type, damage_keys, damage_depth, damage_kind, damage_random, damage_scheduler]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_what_is_not_as_it_must_be_is_refused_and_changes_nothing(tmp_path, damage):
    training, path = Training(), tmp_path / "a"
    hxsnn.save_checkpoint(path, *training.parts())
    training.step()
    rewritten(path, damage)
    before = training.numbers()
    with pytest.raises(CheckpointError, match=str(path)):
        hxsnn.load_checkpoint(path, *training.parts())
    assert training.numbers() == before


def test_another_network_is_refused_and_keeps_its_weights(tmp_path):
    path, other = tmp_path / "a", Training(width=7)
    hxsnn.save_checkpoint(path, *Training().parts())
    before = other.numbers()
    with open_session(serial="a", fidelity="ideal") as session:
        with pytest.raises(CheckpointError, match=r"the model can not take(.|\n)*size mismatch"):
            hxsnn.load_checkpoint(path, *other.parts(), same_chip=False)
        assert session.connection.run_counter == 0
    assert other.numbers() == before


def test_another_kind_of_optimizer_or_scheduler_is_refused(tmp_path):
    path, training = tmp_path / "a", Training()
    hxsnn.save_checkpoint(path, *training.parts())
    model, _, _, generators = training.parts()
    sgd = torch.optim.SGD(model.parameters(), 0.1)
    before = training.numbers()
    with pytest.raises(CheckpointError, match=r"optimizer was one with .*betas.*like this SGD"):
        hxsnn.load_checkpoint(path, model, sgd, None, generators)
    cyclic = torch.optim.lr_scheduler.CosineAnnealingLR(training.optimizer, 3)
    with pytest.raises(CheckpointError, match=r"scheduler was one with .*step_size.*wanted one with T_max"):
        hxsnn.load_checkpoint(path, model, training.optimizer, cyclic, generators)
    assert training.numbers() == before


def test_parameters_without_a_shape_are_refused(tmp_path):
    path = tmp_path / "a"
    with pytest.raises(CheckpointError, match="model/weight: has no shape yet"):
        hxsnn.save_checkpoint(path, torch.nn.LazyLinear(2))
    hxsnn.save_checkpoint(path, torch.nn.Linear(3, 2))
    with pytest.raises(CheckpointError, match="without a shape; call it once"):
        hxsnn.load_checkpoint(path, torch.nn.LazyLinear(2))


def test_each_byte_is_covered_by_the_seal(tmp_path):
    training, path = Training(), tmp_path / "a"
    hxsnn.save_checkpoint(path, *training.parts())
    content, before = path.read_bytes(), training.numbers()
    for place in np.random.default_rng(0).integers(0, len(content), 200):
        changed = bytearray(content)
        changed[place] ^= 1 << (place % 8)
        path.write_bytes(changed)
        with pytest.raises(CheckpointError):
            hxsnn.load_checkpoint(path, *training.parts())
    assert training.numbers() == before


def test_a_file_without_checksum_is_read_with_a_word(tmp_path):
    from safetensors.torch import load

    training, path = Training(), tmp_path / "a"
    hxsnn.save_checkpoint(path, *training.parts())
    wanted = training.numbers()
    old = {"hxtorch.checkpoint": "1", "state": table(path)["state"]}
    path.write_bytes(save(load(path.read_bytes()), old))
    training.step()
    with pytest.warns(FileWarning, match=r"has no checksum.*write it again"):
        hxsnn.load_checkpoint(path, *training.parts())
    assert training.numbers() == wanted


def test_what_lies_in_itself_is_refused(tmp_path):
    extra = []
    extra.append(extra)
    for wrong, message in ((extra, "deep, or in itself"), ({frozenset(): 1}, "frozenset as a key")):
        with pytest.raises(CheckpointError, match=message):
            hxsnn.save_checkpoint(tmp_path / "a", torch.nn.Linear(1, 1), extra=wrong)
    assert not list(tmp_path.iterdir())


def test_a_pipe_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CheckpointError, match="regular"):
        hxsnn.load_checkpoint(tmp_path / "pipe", torch.nn.Linear(1, 1))
