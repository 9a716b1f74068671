"""The network of one pass: which module read which handles and filled which, and in what order that can be computed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from hxtorch.spiking.errors import CircleError, ExperimentError, UnknownNodeError
from hxtorch.spiking.network.calls import BaseModuleManager, Step
from hxtorch.spiking.network.handle import Handle
from hxtorch.spiking.network.substitutes import Held, held_by

if TYPE_CHECKING:
    import networkx as nx

    from hxtorch.spiking.modules.base import HXBaseExperimentModule
    from hxtorch.spiking.modules.hx_module_wrapper import HXModuleWrapper

__all__ = ["ModuleGraph"]


class ModuleGraph(BaseModuleManager):
    """Calls of modules, as a graph.

    Attributes:
        graph: Nodes are the calls, numbered in their order, and the inputs of the network, ``"s_0"`` and so on; those
            of calls have the attributes ``module``, ``sources`` and ``target``, edges have ``handle``.
        prev_graph: The graph of the last run without its handles, or None.
        nodes: Numbers of the calls by module.
        held: Modules that were called, and the parameters that they had then.
    """

    population_types: ClassVar[tuple[type, ...]] = ()
    """Modules at which a search for populations ends."""

    def __init__(self) -> None:
        self._last: nx.DiGraph | tuple[dict[int, Any], list[tuple[int | str, int]]] | None = None
        self._forget()
        self._wrappers: dict[HXModuleWrapper, str] = {}

    def _forget(self) -> None:
        self._graph: nx.DiGraph | None = None
        self._edges: dict[tuple[int | str, int], Handle] = {}
        self.nodes: dict[HXBaseExperimentModule, int] = {}
        self._steps: dict[int, Step] = {}
        self._makers: dict[int, int] = {}
        self.held: list[tuple[HXBaseExperimentModule, Held]] = []
        self._open: dict[int, tuple[str, Handle]] = {}
        self._in_order = True
        self._executed: set[HXBaseExperimentModule] = set()
        self._prepared = False

    @property
    def graph(self) -> nx.DiGraph:
        """The calls of this pass, see above."""
        if self._graph is None:  # runs go without: it takes time to put together
            made = self._graph = _digraph()
            for number, step in self._steps.items():
                made.add_node(number, **step._asdict())
            for (one, other), handle in self._edges.items():
                made.add_edge(one, other, handle=handle)
        return self._graph

    @property
    def prev_graph(self) -> nx.DiGraph | None:
        """The calls of the last run, see above."""
        if isinstance(self._last, tuple):  # as above
            modules, edges = self._last
            made = self._last = _digraph()
            for number, module in modules.items():
                made.add_node(number, module=module)
                made.add_edges_from(edge for edge in edges if edge[1] == number)
        return self._last

    def get_node_id(self) -> int:
        """Return the number of the next call."""
        return len(self._steps)

    def get_wrapper_id(self) -> str:
        """Return the name of the next wrapper: ``"w_0"`` and so on."""
        return f"w_{len(self._wrappers)}"

    def add_node(self, module: HXBaseExperimentModule, sources: Sequence[Handle], target: Handle) -> Handle:
        """Note that ``module`` turns ``sources`` into ``target``.

        Populations may be called several times; they add up all that they are called with.

        Args:
            module: What was called.
            sources: What it reads; empty ones may be filled until the run.
            target: What it fills.

        Returns:
            What it fills: of a population that was called before, the handle of the first call.

        Raises:
            ExperimentError: The module was called in this pass already and is no population, or a population with the
                same source; or ``target`` is filled, or another call fills it.
        """
        number = self.nodes.get(module)
        if number is not None:
            return self._add_sources(module, number, tuple(sources), target)
        if id(target) in self._makers or target.observable_state is not None:
            raise ExperimentError(f"{_label(module)}: output is filled already, wanted an empty handle of its own")
        self._graph = None
        number = self.nodes[module] = len(self._steps)
        self._steps[number] = Step(module, tuple(sources), target)
        self._makers[id(target)] = number
        self.held.append((module, held_by(module)))
        for source in sources:
            self._add_edge(source, number)
        waiting = self._open.pop(id(target), None)
        if waiting is not None:  # it was handed on before
            for reader in [other for one, other in self._edges if one == waiting[0]]:
                del self._edges[waiting[0], reader]
                self._edges[number, reader] = target
            self._in_order = False
        return target

    def add_wrapper(self, wrapper: HXModuleWrapper) -> None:
        """Let ``wrapper`` compute its modules, in the place of an earlier wrapper of the same modules.

        Raises:
            ExperimentError: Another wrapper has one of the modules, together with others.
        """
        mine = set(wrapper.wrapped)
        name = self._wrappers.get(wrapper, self.get_wrapper_id())
        for other in [*self._wrappers]:
            if set(other.wrapped) == mine:
                name = self._wrappers.pop(other)
            elif not mine.isdisjoint(other.wrapped):
                (first, *_) = mine.intersection(other.wrapped)
                raise ExperimentError(f"{first.label}: is in another wrapper already; update that one")
        self._wrappers[wrapper] = name

    def done(self) -> list[Step]:
        """Return (module, sources, target) of calls, or of the wrappers that stand for them, in a possible order.

        Raises:
            CircleError: Modules read each other's outputs in a circle that is in no wrapper.
            ExperimentError: Only some modules of a wrapper were called.
        """
        if self._in_order and not self._wrappers:
            return list(self._steps.values())
        steps = {name: self._wrapped_step(wrapper, name) for wrapper, name in self._wrappers.items()}
        name_of = {module: name for wrapper, name in self._wrappers.items() for module in wrapper.wrapped}
        order: dict[Any, int] = {}
        for number, step in self._steps.items():
            order.setdefault(name_of.get(step.module, number), number)
        import networkx as nx  # slow to import: a program that only imports the frontend goes without

        whole: nx.DiGraph = nx.DiGraph()
        whole.add_nodes_from(order)
        for one, other in self._edges:
            if not isinstance(one, str):
                ends = [name_of.get(self._steps[end].module, end) for end in (one, other)]
                if ends[0] != ends[1] or isinstance(ends[0], int):
                    whole.add_edge(*ends)
        try:
            names = list(nx.lexicographical_topological_sort(whole, key=order.__getitem__))
        except nx.NetworkXUnfeasible:
            circle = [one for one, _ in nx.find_cycle(whole)]
            labels = ", ".join(_label((steps.get(name) or self._steps[name]).module) for name in circle)
            raise CircleError(
                f"{labels}: read each other's outputs in a circle; use hxtorch.spiking.Recurrent or a wrapper"
            ) from None
        return [found for name in names if (found := steps.get(name) or self._steps.get(name)) is not None]

    def pre_process(self, instance: object = None) -> None:
        """Do what comes before the chip: draw masks, and execute what it does not see and depends on inputs alone.

        Args:
            instance: The experiment that runs; nothing of it is needed.
        """
        if self._prepared:
            return
        self._prepared = True
        for number, step in self._steps.items():
            if getattr(step.module, "prepares", False):
                sources = tuple([self.maker(source) for source in step.sources])
                readers = tuple([self._steps[other].module for one, other in self._edges if one == number])
                step.module.prepare(sources, readers)
        ready = {*self._open}
        for step in self.done():
            if getattr(step.module, "on_host", False) and all(id(source) in ready for source in step.sources):
                ready.add(id(step.target))
                step.execute({})
                self._executed.add(step.module)

    def remaining(self, steps: Sequence[Step]) -> list[Step]:
        """Return those of ``steps`` that :meth:`pre_process` left, in order."""
        return [step for step in steps if step.module not in self._executed]

    def clear(self) -> None:
        """Forget all calls and wrappers."""
        if self._steps:
            self._last = {number: step.module for number, step in self._steps.items()}, [*self._edges]
            self._forget()
        self._wrappers = {}

    def __iter__(self) -> Iterator[Step]:
        """Go through the calls in their order."""
        return iter(self._steps.values())

    def __len__(self) -> int:
        return len(self._steps)

    def __str__(self) -> str:
        lines = [f"{type(self).__name__} of {len(self._steps)} modules"]
        for number, step in self._steps.items():
            read = ", ".join(str(self._number(source)) for source in step.sources)
            lines.append(f"  {number}: {_label(step.module)} reads {read or 'nothing'}")
        lines += [f"  {name}: {_label(wrapper)}" for wrapper, name in self._wrappers.items()]
        return "\n".join(lines)

    def maker(self, handle: Handle) -> HXBaseExperimentModule | None:
        """Return the module that fills ``handle``, or None for an input of the network."""
        number = self._makers.get(id(handle))
        return None if number is None else self._steps[number].module

    def call_for(self, handle: Handle) -> Step | None:
        """Return the call that fills ``handle``, or None for an input of the network."""
        number = self._makers.get(id(handle))
        return None if number is None else self._steps[number]

    def readers(self, handle: Handle) -> list[HXBaseExperimentModule]:
        """Return the modules that read ``handle``."""
        return [step.module for step in self._steps.values() if any(source is handle for source in step.sources)]

    def call_of(self, module: HXBaseExperimentModule) -> Step:
        """Return the call of ``module``.

        Raises:
            ExperimentError: It was not called in this pass.
        """
        number = self.nodes.get(module)
        if number is None:
            raise ExperimentError(f"{_label(module)}: was not called in this pass")
        return self._steps[number]

    def input_data(self) -> list[Handle]:
        """Return the inputs of the network: handles that no module fills, in the order of their first use."""
        return [handle for _, handle in self._open.values()]

    def find_edges(self, handle: Handle) -> list[tuple[int | str, int]]:
        """Return who hands ``handle`` to whom: pairs of numbers in the graph."""
        return [edge for edge, held in self._edges.items() if held is handle]

    def has_module(self, module: HXBaseExperimentModule) -> bool:
        """Return whether ``module`` was called in this pass."""
        return module in self.nodes

    def get_id_by_module(self, module: HXBaseExperimentModule) -> int | None:
        """Return the number of the call of ``module`` in this pass, or None."""
        return self.nodes.get(module)

    def get_module_by_id(self, node_id: int) -> HXBaseExperimentModule:
        """Return the module whose call in this pass has the number ``node_id``.

        Raises:
            UnknownNodeError: There were fewer calls.
        """
        if node_id not in self._steps:
            raise UnknownNodeError(f"node_id: got {node_id!r}, wanted 0 to {len(self._steps) - 1}: one per call")
        return self._steps[node_id].module  # type: ignore[no-any-return]

    def get_id_by_wrapper(self, wrapper: HXModuleWrapper) -> str | None:
        """Return the name of ``wrapper`` in this pass, or None."""
        return self._wrappers.get(wrapper)

    def get_wrapper_by_id(self, wrapper_id: str) -> HXModuleWrapper:
        """Return the wrapper of the name ``wrapper_id``.

        Raises:
            UnknownNodeError: There is none.
        """
        for wrapper, name in self._wrappers.items():
            if name == wrapper_id:
                return wrapper
        raise UnknownNodeError(f"wrapper_id: got {wrapper_id!r}, wanted one of {[*self._wrappers.values()]}")

    def source_populations(self, module: HXBaseExperimentModule) -> list[HXBaseExperimentModule]:
        """Return the populations whose spikes reach ``module``, directly or through synapses and functions."""
        return self._populations(module, self.graph.predecessors)

    def target_populations(self, module: HXBaseExperimentModule) -> list[HXBaseExperimentModule]:
        """Return the populations that the output of ``module`` reaches, directly or through synapses and functions."""
        return self._populations(module, self.graph.successors)

    def changed_since_last_run(self) -> bool:
        """Return whether a module changed, or was not there, see :meth:`HXModule.changed_since_last_run`."""
        return any(getattr(step.module, "changed_since_last_run", False) for step in self._steps.values())

    def reset_changed_since_last_run(self) -> None:
        """Take all modules as they are now for those of the last run."""
        for step in self._steps.values():
            if hasattr(step.module, "reset_changed_since_last_run"):
                step.module.reset_changed_since_last_run()

    def _add_edge(self, source: Handle, number: int) -> None:
        maker: int | str | None = self._makers.get(id(source))
        if maker is None:
            name = self._open.get(id(source), (f"s_{self._next_open()}", source))[0]
            self._open[id(source)] = name, source
            maker = name
        self._edges[maker, number] = source

    def _next_open(self) -> int:
        return 1 + max((int(name[2:]) for name, _ in self._open.values()), default=-1)

    def _add_sources(
        self, module: HXBaseExperimentModule, number: int, sources: tuple[Handle, ...], target: Handle
    ) -> Handle:
        step = self._steps[number]
        again = f"{_label(module)}: called twice before a run"
        way_out = "Run the experiment first, or forget an unfinished pass by experiment.clear()"
        if not getattr(module, "adds_inputs", False):
            raise ExperimentError(f"{again}; a layer exists once on a chip. {way_out}")
        if any(source is known for source in sources for known in step.sources):
            raise ExperimentError(f"{again} with the same input, wanted other sources to add up. {way_out}")
        if target is not step.target and id(target) in self._open:
            raise ExperimentError(f"{again}, with another output that is read already; wanted that of the first call")
        self._graph = None
        step = self._steps[number] = Step(module, step.sources + sources, step.target)
        for source in sources:
            self._add_edge(source, number)
        self._in_order = False
        return step.target  # type: ignore[no-any-return]

    def _wrapped_step(self, wrapper: HXModuleWrapper, name: str) -> Step | None:
        """Return the one step of all modules of a wrapper, or None if none of them was called."""
        called = [module for module in wrapper.wrapped if module in self.nodes]
        if not called:
            return None
        if len(called) < len(wrapper.wrapped):
            missing = next(module for module in wrapper.wrapped if module not in self.nodes)
            raise ExperimentError(
                f"{missing.label}: was not called, but other modules of its {wrapper.label} were; "
                "the wrapper's forward calls all of them"
            )
        calls = [self._steps[self.nodes[module]] for module in wrapper.wrapped]
        made = {id(call.target) for call in calls}
        sources = {id(source): source for call in calls for source in call.sources if id(source) not in made}
        return Step(wrapper, tuple(sources.values()), tuple(call.target for call in calls))

    def _number(self, handle: Handle) -> int | str:
        number = self._makers.get(id(handle))
        return self._open[id(handle)][0] if number is None else number

    def _populations(self, module: HXBaseExperimentModule, neighbours: Any) -> list[HXBaseExperimentModule]:
        self.call_of(module)
        found: dict[HXBaseExperimentModule, None] = {}
        seen = {self.nodes[module]}
        ahead = [*neighbours(self.nodes[module])]
        while ahead:
            number = ahead.pop(0)
            if isinstance(number, str):
                continue
            other: HXBaseExperimentModule = self._steps[number].module
            if isinstance(other, self.population_types):
                found[other] = None
            elif number not in seen:
                ahead += neighbours(number)
            seen.add(number)
        return [*found]


def _digraph() -> nx.DiGraph:
    import networkx as nx  # slow to import: a program that only imports the frontend goes without

    made: nx.DiGraph = nx.DiGraph()
    return made


def _label(module: object) -> str:
    return str(getattr(module, "label", type(module).__name__))
