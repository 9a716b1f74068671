"""What legal calls are made of."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from hxtorch import core
from hxtorch import spiking as hxsnn
from hxtorch.core import calibration
from hxtorch.spiking import functional


def spikes(*shape: int) -> torch.Tensor:
    return torch.zeros(shape)


def folder() -> Path:
    return Path(tempfile.gettempdir())


def network() -> Any:
    """A network of one projection, where it lies and what goes in."""
    builder = core.NetworkBuilder()
    source = builder.add(core.ExternalPopulation(3))
    target = builder.add(core.Population(np.arange(2)))
    builder.add(core.Projection(source, target, np.full((3, 2), 5)))
    return builder.done()


def graph() -> Any:
    found = network()
    return core.build_network_graph(found, core.build_routing(found))


def experiment() -> Any:
    return hxsnn.Experiment(mock=True, dt=1e-6)


def collected() -> Any:
    exp = experiment()
    hxsnn.Neuron(3, exp)(hxsnn.Synapse(4, 3, exp)(hxsnn.NeuronHandle(spikes(5, 2, 4))))
    return exp


def result() -> Any:
    return core.run(core.ChipConfiguration(), graph(), core.NetworkInputs(1000))


def connection() -> Any:
    return core.current_session().connection


def nominal() -> Any:
    return calibration.nominal_calibration(connection(), calibration.SpikingCalibTarget())


def events() -> Any:
    return core.InputEvents.silence()


def checkpoint() -> dict[str, Any]:
    model = torch.nn.Linear(2, 2)
    hxsnn.save_checkpoint(folder() / "bad_input_checkpoint", model)
    return {"path": folder() / "bad_input_checkpoint", "model": model, "same_chip": False}


def sequence() -> dict[str, Any]:
    return {"sequence": core.Sequence((core.MAC(np.ones((2, 2), np.int8)),)), "path": folder() / "bad_input_sequence"}


def stored() -> Path:
    return calibration.save(nominal(), folder() / "bad_input_calibration")


def layer(size: int = 3) -> dict[str, Any]:
    return {"size": size, "experiment": experiment()}


def recurrent() -> dict[str, Any]:
    exp = experiment()
    return {"experiment": exp, "neuron": hxsnn.Neuron(3, exp), "synapse": hxsnn.Synapse(3, 3, exp)}


def circle() -> dict[str, Any]:
    found = recurrent()
    one, link = found["neuron"], found["synapse"]
    return {"experiment": found["experiment"], "populations": [one], "links": [(one, one, link)]}


WEIGHTS, ACTIVATIONS = np.ones((4, 3), np.int8), np.ones((2, 4), np.uint8)
PARAMS = functional.CUBALIFParams()
