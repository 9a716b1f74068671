"""The network of one pass: which module read which handles and filled which."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hxtorch.spiking.errors import ExperimentError
from hxtorch.spiking.handle import TensorHandle

if TYPE_CHECKING:
    from hxtorch.spiking.modules.module import HXModule


@dataclass(frozen=True, eq=False)
class Node:
    """One call of a module.

    Attributes:
        module: What was called.
        sources: Handles that it reads.
        target: Handle that it fills.
    """

    module: HXModule
    sources: tuple[TensorHandle, ...]
    target: TensorHandle


class ModuleGraph:
    """Calls of modules in their order, which can be executed: a handle exists only once its maker was called."""

    def __init__(self) -> None:
        self._nodes: list[Node] = []
        self._makers: dict[TensorHandle, Node] = {}

    def add_node(self, module: HXModule, sources: Sequence[TensorHandle], target: TensorHandle) -> None:
        """Note that ``module`` turns ``sources`` into ``target``.

        Raises:
            ExperimentError: The module was called in this pass already, or a source is empty and nothing fills it.
        """
        if any(node.module is module for node in self._nodes):
            raise ExperimentError(
                f"{module.label}: called twice before a run; a layer exists once on a chip. Run the experiment first, "
                "or forget an unfinished pass by experiment.clear()"
            )
        for source in sources:
            if source not in self._makers and source.observable_state is None:
                raise ExperimentError(
                    f"{module.label}: its input is an empty {type(source).__name__} that no module of this experiment "
                    "fills; hand in one with a tensor, or the output of a module"
                )
        node = Node(module, tuple(sources), target)
        self._nodes.append(node)
        self._makers[target] = node

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

    def before_chip(self) -> list[Node]:
        """Return the calls that depend on inputs of the network alone and that the chip does not see."""
        known = set(self.inputs())
        found = []
        for node in self._nodes:
            if node.module.on_host and known.issuperset(node.sources):
                known.add(node.target)
                found.append(node)
        return found

    def clear(self) -> None:
        """Forget all calls."""
        self._nodes.clear()
        self._makers.clear()
