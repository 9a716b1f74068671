"""Several populations that read each other's spikes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import torch
from torch import Tensor

from hxtorch.spiking.doors import checked
from hxtorch.spiking.errors import ExperimentError, ParameterError, TensorShapeError
from hxtorch.spiking.functional.steps import integration
from hxtorch.spiking.functional.steps.constants import ROWS, Constants
from hxtorch.spiking.functional.steps.feedback import Recurrence
from hxtorch.spiking.functional.steps.loop import Feedback, Terms, Traces
from hxtorch.spiking.functional.steps.masked import Masked
from hxtorch.spiking.functional.surrogates.derivatives import Surrogate
from hxtorch.spiking.modules.hx_module_wrapper import HXModuleWrapper
from hxtorch.spiking.modules.neurons.analog import AnalogNeuron
from hxtorch.spiking.modules.synapses.weighted import WeightedProjection, check_no_bias
from hxtorch.spiking.network.handle import NeuronHandle, TensorHandle
from hxtorch.spiking.network.observables import HardwareObservables

if TYPE_CHECKING:
    from hxtorch.spiking.experiment.experiment import Experiment


_SHARED = ("method", "alpha", "enable_spike_recording", "enable_cadc_recording", "cadc_readout_source")
"""Attributes that populations which are stepped together have in common."""


Population: TypeAlias = AnalogNeuron


class Link(NamedTuple):
    """Synapses between two populations.

    Attributes:
        source, target: The populations.
        synapse: From all neurons of the one to all of the other, dense or sparse.
    """

    source: Population
    target: Population
    synapse: WeightedProjection


@checked
class RecurrentNetwork(HXModuleWrapper):
    """Populations that read each other's spikes in circles, and the synapses among them, as one layer.

    The model steps all of them together: a spike of one step adds to the inputs of the next. On the chip they stay
    what they are. Called with a sequence of handles for each population, the outputs of the synapses that come from
    elsewhere, it returns a handle for each::

        network = RecurrentNetwork(experiment, [a, b], [(a, b, forth), (b, a, back)])
        z_a, z_b = network([synapse(inputs)], [])

    Args:
        experiment: Collects the modules when the network is called.
        populations: :class:`~hxtorch.spiking.Neuron`, :class:`~hxtorch.spiking.IAFNeuron` or firing
            :class:`~hxtorch.spiking.AELIF`, all with the same surrogate derivative and the same recordings.
        links: Source, target and synapses between them, see :class:`Link`.

    Raises:
        ExperimentError: A module is there twice.
        ParameterError: A population is of another kind or differs from the others; or a synapse has a bias.
        TensorShapeError: A synapse is of another size than its populations.
    """

    def __init__(
        self,
        experiment: Experiment,
        populations: Sequence[Population],
        links: Sequence[tuple[Population, Population, WeightedProjection]],
    ) -> None:
        for neuron in populations:
            if not isinstance(neuron, Population) or not neuron.recurs:
                raise ParameterError(
                    f"populations: got {type(neuron).__name__}, wanted firing Neuron, IAFNeuron or AELIF"
                )
        known = [Link(*link) for link in links]
        for source, target, synapse in known:
            if source not in populations or target not in populations:
                raise ParameterError("links: got one from or to a population that is none of this network's")
            if (synapse.in_features, synapse.out_features) != (source.size, target.size):
                sizes = f"{synapse.in_features} to {synapse.out_features}"
                raise TensorShapeError(f"links: got one from {sizes} neurons, wanted {source.size} to {target.size}")
            check_no_bias("links", synapse)
        for name in _SHARED:
            if any(getattr(neuron, name) != getattr(populations[0], name) for neuron in populations):
                raise ParameterError(
                    f"populations: got several values of {name}, wanted one: they are stepped together"
                )
        modules: dict[str, Any] = {f"population_{index}": neuron for index, neuron in enumerate(populations)}
        modules |= {f"synapse_{index}": link.synapse for index, link in enumerate(known)}
        super().__init__(experiment, **modules)
        self.populations, self.links = tuple(populations), tuple(known)
        self._outside: tuple[tuple[TensorHandle, ...], ...] = ()

    def forward(self, *input: Sequence[TensorHandle]) -> tuple[NeuronHandle, ...]:  # type: ignore[override]
        """Join the experiment with all modules.

        Args:
            *input: For each population the handles that it reads from elsewhere, maybe none.

        Returns:
            The handle of each population.

        Raises:
            ExperimentError: There is another number of sequences than populations, or a module is in another wrapper.
            TensorTypeError, TensorShapeError, TensorValueError: See :meth:`HXModule.forward`.
        """
        if len(input) != len(self.populations):
            raise ExperimentError(
                f"{self.label}: got {len(input)} sequences of handles, wanted one for each of its "
                f"{len(self.populations)} populations"
            )
        self.experiment.connect_wrapper(self)
        handles = {neuron: self._made(neuron) for neuron in self.populations}
        into: dict[Population, list[TensorHandle]] = {neuron: [] for neuron in self.populations}
        for source, target, synapse in self.links:
            into[target].append(synapse(handles[source]))
        for neuron, given in zip(self.populations, input, strict=True):
            neuron(*given, *into[neuron], output=handles[neuron])
        self._outside = tuple(tuple(given) for given in input)
        return tuple(handles.values())

    def forward_func(self, *input: TensorHandle, hw_data: Any = None) -> Any:
        """Integrate all populations together."""
        totals = self._totals(input)
        like = totals[0]
        recorded = hw_data or (None,) * len(self.wrapped)
        shown = [neuron._observables(data, like) for neuron, data in zip(self.populations, recorded, strict=False)]
        found = integration.integrate(
            torch.cat(totals, 2),
            self._constants(like),
            self._terms(),
            _joined(shown),
            self._method(),
            self.populations[0].alpha,
            self.populations[0].enable_cadc_recording,
            self._feedback(like),
        )
        traces = zip(*(self._parts(trace) for trace in found), shown, strict=True)
        results = [
            neuron.handle(Traces(spikes, membrane, current, adaptation if neuron.terms.adapting else None), data, total)
            for neuron, total, (spikes, membrane, current, adaptation, data) in zip(
                self.populations, totals, traces, strict=True
            )
        ]
        return *results, *[None] * len(self.links)

    @staticmethod
    def _made(neuron: Population) -> NeuronHandle:
        """Return an empty handle of what a population fills."""
        made: type[NeuronHandle] = neuron.output_type  # type: ignore[assignment]  # it fires
        return made()

    def _terms(self) -> Terms:
        """Return the terms of all neurons; the factors of those that a neuron lacks are zero."""
        each = [neuron.terms for neuron in self.populations]
        return Terms(
            exponential=any(terms.exponential for terms in each), adapting=any(terms.adapting for terms in each)
        )

    def _totals(self, input: tuple[TensorHandle, ...]) -> list[Tensor]:
        """Return what reaches each population from elsewhere (time, batch, neuron)."""
        like = input[0].filled()
        outside, self._outside = self._outside, ()
        return [
            neuron.total_input(sources) if sources else like.new_zeros((*like.shape[:2], neuron.size))
            for neuron, sources in zip(self.populations, outside, strict=True)
        ]

    def _constants(self, like: Tensor) -> Constants:
        """Return the factors of one step of all neurons."""
        each = [neuron.step_constants() for neuron in self.populations]

        def row(name: str) -> Tensor:
            values = [
                torch.as_tensor(getattr(constants, name), dtype=like.dtype, device=like.device).expand(neuron.size)
                for constants, neuron in zip(each, self.populations, strict=True)
            ]
            return torch.cat(values)

        return Constants(**{name: row(name) for name in ROWS})

    def _method(self) -> str | Surrogate:
        """Return the comparator, silent where a mask says so."""
        masks = [neuron.mask for neuron in self.populations]
        method: str | Surrogate = self.populations[0].method
        if all(mask is None for mask in masks):
            return method
        whole = [
            torch.ones(neuron.size, dtype=torch.bool) if mask is None else mask.cpu()
            for mask, neuron in zip(masks, self.populations, strict=True)
        ]
        return Masked(method, torch.cat(whole))

    def _feedback(self, like: Tensor) -> Feedback:
        """Return what spikes of all neurons add to the next step: by one matrix if there is one."""
        for link in self.links:
            link.synapse.check_operands(like)
        matrices = [link.synapse.matrix() for link in self.links]
        if any(matrix is None for matrix in matrices):
            return self._weigh
        rows = []
        for target in self.populations:
            row = [like.new_zeros((target.size, source.size)) for source in self.populations]
            for link, matrix in zip(self.links, matrices, strict=True):
                if link.target is target and matrix is not None:
                    index = self.populations.index(link.source)
                    row[index] = row[index] + matrix
            rows.append(torch.cat(row, 1))
        return Recurrence(torch.cat(rows))

    def _weigh(self, spikes: Tensor) -> Tensor:
        """Return what the spikes of one step (batch, neuron) add to the next, synapse by synapse."""
        parts = dict(zip(self.populations, self._parts(spikes), strict=True))
        totals = {neuron: torch.zeros_like(part) for neuron, part in parts.items()}
        for source, target, synapse in self.links:
            totals[target] = totals[target] + synapse.weigh(parts[source][None])[0]
        return torch.cat([*totals.values()], 1)

    def _parts(self, trace: Tensor | None) -> Iterator[Any]:
        """Return what belongs to each population."""
        if trace is None:
            return iter([None] * len(self.populations))
        return iter(torch.split(trace, [neuron.size for neuron in self.populations], -1))


def _joined(shown: Sequence[HardwareObservables]) -> HardwareObservables:
    """Return the recordings of all populations as those of one.

    Raises:
        ExperimentError: Some populations have recordings that others lack.
    """

    def join(name: str) -> Tensor | None:
        traces = [getattr(data, name) for data in shown]
        missing = sum(trace is None for trace in traces)
        if missing == len(traces):
            return None
        if missing:
            raise ExperimentError(f"{name}: got none of {missing} of {len(traces)} populations, wanted all or none")
        steps = min(len(trace) for trace in traces)
        return torch.cat([trace[:steps] for trace in traces], 2)

    return HardwareObservables(spikes=join("spikes"), cadc=join("cadc"), adaptation=join("adaptation_cadc"))
