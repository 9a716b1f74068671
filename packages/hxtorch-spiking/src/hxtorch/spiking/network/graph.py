"""The network of one pass: which module read which handles and filled which, and in what order that can be computed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hxtorch.spiking.backend.substitutes import Held, held_by
from hxtorch.spiking.errors import ExperimentError
from hxtorch.spiking.network.handle import TensorHandle
from hxtorch.spiking.network.observables import HardwareObservables

if TYPE_CHECKING:
    from hxtorch.spiking.modules.hx_module import HXModule
    from hxtorch.spiking.modules.hx_module_wrapper import HXModuleWrapper
    from hxtorch.spiking.modules.types import Population

__all__ = ["BaseModuleManager", "Inputs", "ModuleManager", "Node", "WrappedNodes"]

Inputs = Mapping[TensorHandle, TensorHandle]
"""Handles to read in the place of others."""


@dataclass(frozen=True, eq=False)
class Node:
    """One call of a module.

    Attributes:
        module: What was called.
        sources: Handles that it reads.
        target: Handle that it fills.
        held: The parameters that the module had in the call.
    """

    module: HXModule
    sources: tuple[TensorHandle, ...]
    target: TensorHandle
    held: Held

    @property
    def nodes(self) -> tuple[Node, ...]:
        return (self,)

    def execute(self, inputs: Inputs, hw_map: Mapping[HXModule, HardwareObservables]) -> None:
        """Compute the output; ``hw_map`` is what the chip recorded, by module."""
        sources = tuple(inputs.get(source, source) for source in self.sources)
        self.module.exec_forward(sources, self.target, hw_map)


@dataclass(frozen=True, eq=False)
class WrappedNodes:
    """Calls of modules that are computed as one.

    Attributes:
        wrapper: Computes them.
        nodes: The calls, in the order of the wrapper's modules.
        sources: Handles that they read and do not fill themselves, each once.
    """

    wrapper: HXModuleWrapper
    nodes: tuple[Node, ...]
    sources: tuple[TensorHandle, ...]

    def execute(self, inputs: Inputs, hw_map: Mapping[HXModule, HardwareObservables]) -> None:
        """Compute the outputs; ``hw_map`` is what the chip recorded, by module."""
        sources = tuple(inputs.get(source, source) for source in self.sources)
        self.wrapper.exec_forward(sources, tuple(node.target for node in self.nodes), hw_map)


class BaseModuleManager(ABC):
    """What an experiment collects: calls of modules, and wrappers that stand for several of them."""

    @abstractmethod
    def add_node(self, module: HXModule, sources: Sequence[TensorHandle], target: TensorHandle) -> None:
        """Note that ``module`` turns ``sources`` into ``target``."""

    @abstractmethod
    def add_wrapper(self, wrapper: HXModuleWrapper) -> None:
        """Let ``wrapper`` compute its modules."""

    @abstractmethod
    def done(self) -> list[Node | WrappedNodes]:
        """Return what was collected in an order in which it can be executed."""

    @abstractmethod
    def clear(self) -> None:
        """Forget everything."""


class ModuleManager(BaseModuleManager):
    """Calls of modules in their order."""

    def __init__(self) -> None:
        self._nodes: list[Node] = []
        self._makers: dict[TensorHandle, Node] = {}
        self._wrappers: list[HXModuleWrapper] = []

    def add_node(self, module: HXModule, sources: Sequence[TensorHandle], target: TensorHandle) -> None:
        """Note that ``module`` turns ``sources`` into ``target``.

        Raises:
            ExperimentError: The module was called in this pass already, ``target`` is filled, or a source is empty and
                nothing fills it. Modules of a wrapper may read handles that other modules of it fill later.
        """
        if self.has_module(module):
            raise ExperimentError(
                f"{module.label}: called twice before a run; a layer exists once on a chip. Run the experiment first, "
                "or forget an unfinished pass by experiment.clear()"
            )
        if target in self._makers or target.observable_state is not None:
            raise ExperimentError(f"{module.label}: output is filled already, wanted an empty handle of its own")
        if self._wrapper_of(module) is None:
            for source in sources:
                self._require_maker(module, source)
        node = Node(module, tuple(sources), target, held_by(module))
        self._nodes.append(node)
        self._makers[target] = node

    def add_wrapper(self, wrapper: HXModuleWrapper) -> None:
        """Let ``wrapper`` compute its modules, in the place of an earlier wrapper of the same modules.

        Raises:
            ExperimentError: Another wrapper has one of the modules, together with others.
        """
        mine = set(wrapper.wrapped)
        for other in [*self._wrappers]:
            if set(other.wrapped) == mine:
                self._wrappers.remove(other)
            elif not mine.isdisjoint(other.wrapped):
                (first, *_) = mine.intersection(other.wrapped)
                raise ExperimentError(f"{first.label}: is in another wrapper already; update that one")
        self._wrappers.append(wrapper)

    def done(self) -> list[Node | WrappedNodes]:
        """Return calls, or the wrappers that stand for them, in an order in which they can be executed.

        Raises:
            ExperimentError: Only some modules of a wrapper were called, nothing fills a handle, or modules read each
                other's outputs in a circle that is in no wrapper.
        """
        waiting = self._steps()
        known = set(self.inputs())
        order: list[Node | WrappedNodes] = []
        while waiting:
            step = next((step for step in waiting if known.issuperset(step.sources)), None)
            if step is None:
                labels = ", ".join(node.module.label for step in waiting for node in step.nodes)
                raise ExperimentError(
                    f"{labels}: read each other's outputs in a circle; use hxtorch.spiking.Recurrent or a wrapper"
                )
            waiting.remove(step)
            known.update(node.target for node in step.nodes)
            order.append(step)
        return order

    def pre_process(self, inputs: Inputs) -> list[Node]:
        """Execute the calls that the chip does not see and that depend on inputs of the network alone.

        Args:
            inputs: Handles to read in the place of others.

        Returns:
            The executed calls.
        """
        known = set(self.inputs())
        found = []
        for step in self.done():
            if isinstance(step, Node) and step.module.on_host and known.issuperset(step.sources):
                known.add(step.target)
                step.execute(inputs, {})
                found.append(step)
        return found

    def clear(self) -> None:
        """Forget all calls and wrappers."""
        self._nodes.clear()
        self._makers.clear()
        self._wrappers.clear()

    def __iter__(self) -> Iterator[Node]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)

    def maker(self, handle: TensorHandle) -> Node | None:
        """Return the call that fills ``handle``, or None for an input of the network."""
        return self._makers.get(handle)

    def readers(self, handle: TensorHandle) -> list[Node]:
        """Return the calls that read ``handle``."""
        return [node for node in self._nodes if any(source is handle for source in node.sources)]

    def inputs(self) -> list[TensorHandle]:
        """Return the handles that were handed in filled, in the order of their first use."""
        sources = dict.fromkeys(source for node in self._nodes for source in node.sources)
        return [source for source in sources if source not in self._makers]

    def find_edges(self, handle: TensorHandle) -> list[tuple[HXModule | None, HXModule]]:
        """Return who hands ``handle`` to whom: pairs of maker, None for an input of the network, and reader."""
        maker = self.maker(handle)
        return [(maker.module if maker else None, reader.module) for reader in self.readers(handle)]

    def has_module(self, module: HXModule) -> bool:
        """Return whether ``module`` was called in this pass."""
        return any(node.module is module for node in self._nodes)

    def get_id_by_module(self, module: HXModule) -> int:
        """Return the number of the call of ``module`` in this pass.

        Raises:
            ExperimentError: It was not called.
        """
        return self._nodes.index(self._node_of(module))

    def get_module_by_id(self, module_id: int) -> HXModule:
        """Return the module whose call in this pass has the number ``module_id``.

        Raises:
            ExperimentError: There were fewer calls.
        """
        if not 0 <= module_id < len(self._nodes):
            raise ExperimentError(f"module_id: got {module_id}, wanted 0 to {len(self._nodes) - 1}: one per call")
        return self._nodes[module_id].module

    def input_data(self, module: HXModule) -> tuple[TensorHandle, ...]:
        """Return the handles that ``module`` reads."""
        return self._node_of(module).sources

    def output_data(self, module: HXModule) -> TensorHandle:
        """Return the handle that ``module`` fills."""
        return self._node_of(module).target

    def source_populations(self, module: HXModule) -> list[Population]:
        """Return the populations whose spikes reach ``module``, directly or through synapses and functions."""
        return self._populations(module, lambda node: [self._makers.get(source) for source in node.sources])

    def target_populations(self, module: HXModule) -> list[Population]:
        """Return the populations that the output of ``module`` reaches, directly or through synapses and functions."""
        return self._populations(module, lambda node: [*self.readers(node.target)])

    @property
    def changed_since_last_run(self) -> bool:
        """Whether a module changed, or was not there, see :meth:`HXModule.changed_since_last_run`."""
        return any(node.module.changed_since_last_run for node in self._nodes)

    def reset_changed_since_last_run(self) -> None:
        """Take all modules as they are now for those of the last run."""
        for node in self._nodes:
            node.module.reset_changed_since_last_run()

    def _steps(self) -> list[Node | WrappedNodes]:
        steps: dict[Node | WrappedNodes, None] = {}
        groups: dict[HXModuleWrapper, WrappedNodes] = {}
        for node in self._nodes:
            wrapper = self._wrapper_of(node.module)
            if wrapper is None:
                steps[node] = None
            elif wrapper not in groups:
                groups[wrapper] = self._group(wrapper)
                steps[groups[wrapper]] = None
        return list(steps)

    def _group(self, wrapper: HXModuleWrapper) -> WrappedNodes:
        missing = [module.label for module in wrapper.wrapped if not self.has_module(module)]
        if missing:
            raise ExperimentError(f"{missing[0]}: was not called, but other modules of its {wrapper.label} were")
        nodes = tuple(self._node_of(module) for module in wrapper.wrapped)
        made = {node.target for node in nodes}
        for node in nodes:
            for source in node.sources:
                self._require_maker(node.module, source)
        sources = dict.fromkeys(source for node in nodes for source in node.sources if source not in made)
        return WrappedNodes(wrapper, nodes, tuple(sources))

    def _wrapper_of(self, module: HXModule) -> HXModuleWrapper | None:
        return next((wrapper for wrapper in self._wrappers if wrapper.contains(module)), None)

    def _node_of(self, module: HXModule) -> Node:
        for node in self._nodes:
            if node.module is module:
                return node
        raise ExperimentError(f"{module.label}: was not called in this pass")

    def _require_maker(self, module: HXModule, source: TensorHandle) -> None:
        if source not in self._makers and source.observable_state is None:
            raise ExperimentError(
                f"{module.label}: its input is an empty {type(source).__name__} that no module of this experiment "
                "fills; hand in one with a tensor, or the output of a module"
            )

    def _populations(self, module: HXModule, neighbours: Callable[[Node], Sequence[Node | None]]) -> list[Population]:
        from hxtorch.spiking.modules.types import Population  # modules need this file

        found: list[Population] = []
        seen = {self._node_of(module)}
        ahead = [*neighbours(self._node_of(module))]
        while ahead:
            node = ahead.pop(0)
            if node is None:
                continue
            if isinstance(node.module, Population):
                if node.module not in found:
                    found.append(node.module)
            elif node not in seen:
                ahead += neighbours(node)
            seen.add(node)
        return found
