"""What an experiment would put on chips, and what may make it fit, without a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any

import torch

from hxtorch import core
from hxtorch.core import HALF
from hxtorch.core.errors import PlacementError
from hxtorch.spiking.chip.execution_instance import ExecutionInstance
from hxtorch.spiking.chip.morphology import SingleCompartmentNeuron
from hxtorch.spiking.errors import ExperimentError
from hxtorch.spiking.lowering.biases import add_biases
from hxtorch.spiking.lowering.lower import ChipNetwork
from hxtorch.spiking.lowering.plan import Plan, make_plans
from hxtorch.spiking.modules.hx_module import HXModule

if TYPE_CHECKING:
    from hxtorch.spiking.experiment.experiment import Experiment

Change = tuple[Any, str, Any, str]
"""A module, the name of an attribute, its new value, and how that is written."""

ANOTHER = "another_chip"


def chip_networks(experiment: Experiment, model: torch.nn.Module | None) -> dict[str, core.Network]:
    """Return the network of each chip, see :meth:`~hxtorch.spiking.Experiment.chip_networks`."""
    names = _paths(model)
    if not len(experiment.modules):
        chips = experiment._chips
        if not chips:
            raise ExperimentError("nothing to fit on a chip: call the modules first, as for a run")
        return {repr(instance): _named(chip, names) for instance, chip in chips.items()}
    with _for_chips(experiment):
        found = {}
        for plan in _plans(experiment):
            found[repr(plan.instance)] = _named(ChipNetwork(plan, experiment), names)
        return found


def chip_changes(
    experiment: Experiment, model: torch.nn.Module | None
) -> Iterator[tuple[str, dict[str, core.Network]]]:
    """Yield what may help, see :meth:`~hxtorch.spiking.Experiment.chip_changes`."""
    if not len(experiment.modules):
        return
    with _for_chips(experiment):
        plans = _plans(experiment)
    paths = _paths(model)
    joined = [change for plan in plans for change in _more_circuits(plan)]
    splits = [split for plan in plans for split in _splits(plan)]
    for changes in [joined, *splits, *([*joined, *split] for split in splits if joined)]:
        if changes:
            with _changed(changes):
                try:
                    networks = chip_networks(experiment, model)
                except PlacementError:
                    continue
            yield _code(changes, paths), networks


def _plans(experiment: Experiment) -> list[Plan]:
    plans = make_plans(experiment.modules)
    for plan in plans:
        add_biases(plan, experiment.dt, 1, 1)
    return plans


@contextmanager
def _for_chips(experiment: Experiment) -> Iterator[None]:
    """Let modules say in mock mode, too, what they would be on a chip."""
    mock, experiment.mock = experiment.mock, False
    try:
        yield
    finally:
        experiment.mock = mock


@contextmanager
def _changed(changes: Sequence[Change]) -> Iterator[None]:
    before = [(module, name, getattr(module, name)) for module, name, _, _ in changes]
    try:
        for module, name, value, _ in changes:
            setattr(module, name, value)
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)


def _more_circuits(plan: Plan) -> Iterator[Change]:
    """Yield as many circuits as the inputs of the neurons of each population need."""
    for population in plan.populations:
        inputs = sum(_fan_in(wire.projection) for wire in plan.wires if wire.post is population)
        size = 1
        while size * core.MAX_INPUTS < inputs:
            size *= 2
        shape = core.LogicalNeuronOnDLS(population.neuron_structure.logical_neuron)
        if len(shape.get_atomic_neurons()) < size <= 2 * HALF:
            yield (
                population,
                "neuron_structure",
                SingleCompartmentNeuron(size),
                f"SingleCompartmentNeuron({size})",
            )


def _fan_in(projection: Any) -> int:
    """Return the most synapses of a projection on one neuron."""
    mask = getattr(projection, "mask", None)
    if isinstance(mask, torch.Tensor):
        return int((mask != 0).sum(-1).max())
    return int(projection.in_features)


def _splits(plan: Plan) -> Iterator[list[Change]]:
    """Yield ways to spread the layers of a chip, in their order, over two chips, then three; then one layer each."""
    places = range(1, len(plan.populations))
    # chips hand spikes on one way
    cuts = [
        first
        for first in places
        if not any(
            wire.pre in plan.populations[first:] and wire.post not in plan.populations[first:] for wire in plan.wires
        )
    ]
    for count in sorted({1, 2, len(cuts)} & set(range(1, len(cuts) + 1))):
        for chosen in combinations(cuts, count):
            yield _spread(plan, chosen)


def _spread(plan: Plan, cuts: Sequence[int]) -> list[Change]:
    """Return that layers from each of ``cuts`` to the next one run on a chip of their own."""
    changes: list[Change] = []
    for number, (first, end) in enumerate(pairwise([*cuts, len(plan.populations)])):
        moved, other = plan.populations[first:end], ExecutionInstance()
        synapses = dict.fromkeys(w.projection for w in plan.wires if w.post in moved)
        name = f"{ANOTHER}_{number + 1}" if len(cuts) > 1 else ANOTHER
        changes += [
            (one, "_execution_instance", other, name) for one in (*synapses, *moved) if isinstance(one, HXModule)
        ]
    return changes


def _code(changes: Sequence[Change], paths: Mapping[Any, str]) -> str:
    lines = []
    if any(name == "neuron_structure" for _, name, *_ in changes):
        lines.append("from hxtorch.snn.morphology import SingleCompartmentNeuron")
    chips = dict.fromkeys(text for *_, text in changes if text.startswith(ANOTHER))
    lines += [f"{chip} = hxsnn.ExecutionInstance()" for chip in chips]
    for module, name, _, text in changes:
        name = name.removeprefix("_")
        path = paths.get(module)
        lines.append(f"model.{path}.{name} = {text}" if path else f"{name}={text}  # of {module.label}")
    return "\n".join(lines)


def _paths(model: torch.nn.Module | None) -> dict[Any, str]:
    """Return by which attributes each module within ``model`` is reached, indices in brackets."""
    found = {}
    for path, module in list(model.named_modules())[1:] if model is not None else ():
        first, *others = path.split(".")
        parts = [f"[{part}]" if part.isdigit() else f".{part}" for part in others]
        found[module] = (f"get_submodule({first!r})" if first.isdigit() else first) + "".join(parts)
    return found


def _named(chip: ChipNetwork, names: Mapping[Any, str]) -> core.Network:
    """Return the network of ``chip`` with modules called by their paths."""
    network = chip.network
    populations, projections = dict(network.populations), dict(network.projections)
    for module, descriptor in chip.populations.items():
        populations[descriptor] = replace(populations[descriptor], name=names.get(module, module.label))
    for module, descriptors in chip.wires():
        for one in descriptors:
            projections[one] = replace(projections[one], name=names.get(module, projections[one].name))
    return replace(network, populations=populations, projections=projections)
