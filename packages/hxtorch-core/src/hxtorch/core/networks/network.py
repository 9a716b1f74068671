"""What a network is: populations of neurons and of sources, signed projections between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, overload, runtime_checkable

import numpy as np

from bss2_emulator.facts.constants import MAX_WEIGHT
from hxtorch.core.arguments import checked
from hxtorch.core.errors import ConfigurationError, PlacementError, RecordingError, RoutingError
from hxtorch.core.networks.morphology import check_lines
from hxtorch.core.networks.populations import AnyPopulation, Population
from hxtorch.core.seam.integers import frozen


@checked
@dataclass(frozen=True, order=True)
class PopulationDescriptor:
    """Names a population of one network."""

    value: int


@checked
@dataclass(frozen=True, order=True)
class ProjectionDescriptor:
    """Names a projection of one network."""

    value: int


@checked
@dataclass(frozen=True, eq=False)
class Projection:
    """Signed synapses from one population to another, each realised by an excitatory and an inhibitory one.

    Attributes:
        pre, post: Source and target population; targets are on the chip.
        weights: int8 (pre, post), -63..63 LSB.
        mask: Where there are synapses, bool (pre, post), or None for everywhere. A weight elsewhere is refused.
        name: Used in messages.
    """

    pre: PopulationDescriptor
    post: PopulationDescriptor
    weights: np.ndarray
    mask: np.ndarray | None = None
    name: str = ""

    def __post_init__(self) -> None:
        what = f"projection {self.name!r}"
        object.__setattr__(self, "weights", legal_weights(self.weights, what))
        if self.mask is not None:
            mask = np.asarray(self.mask)
            if mask.dtype.kind not in "biu":
                raise RoutingError(f"{what}: got a mask of type {mask.dtype}, wanted booleans")
            mask = frozen(np.array(mask, np.bool_), np.bool_)
            if mask.shape != self.weights.shape:
                raise RoutingError(
                    f"{what}: got mask {mask.shape}, wanted the shape of the weights {self.weights.shape}"
                )
            if np.any(self.weights, where=~mask):
                raise RoutingError(f"{what}: got a weight where the mask has no synapse")
            object.__setattr__(self, "mask", mask)


def legal_weights(weights: np.ndarray, what: str) -> np.ndarray:
    """Return ``weights`` as read-only int8 (pre, post).

    Raises:
        ConfigurationError: They are not integers, not two-dimensional, or beyond +-63.
    """
    array = np.asarray(weights)
    if array.dtype.kind not in "iu":
        raise ConfigurationError(f"{what}: got weights of type {array.dtype}, wanted integers; use round_to_lsb")
    if array.ndim != 2 or 0 in array.shape:
        raise ConfigurationError(f"{what}: got weights of shape {array.shape}, wanted (pre, post)")
    if array.max() > MAX_WEIGHT or array.min() < -MAX_WEIGHT:
        bad = array[(array > MAX_WEIGHT) | (array < -MAX_WEIGHT)].flat[0]
        raise ConfigurationError(f"{what}: got weight {bad}, wanted +-{MAX_WEIGHT} LSB; scale or clamp first")
    return frozen(np.array(array, np.int8, order="C"), np.int8)


@checked
@dataclass(frozen=True)
class CADCRecording:
    """How the column ADC records the populations that ask for it.

    Attributes:
        in_dram: Store samples in DRAM: slower (about 6 us a sample instead of 2), practically unlimited.
        acausal: Read the acausal channels instead of the causal ones.
    """

    in_dram: bool = False
    acausal: bool = False


@checked
@dataclass(frozen=True, eq=False)
class Network:
    """Populations and projections, complete and consistent.

    Attributes:
        populations, projections: By descriptor, in the order of adding.
        cadc: How the column ADC records.
    """

    populations: Mapping[PopulationDescriptor, AnyPopulation]
    projections: Mapping[ProjectionDescriptor, Projection]
    cadc: CADCRecording = field(default_factory=CADCRecording)

    def target(self, projection: Projection) -> Population:
        """Return the population that ``projection`` ends on."""
        post = self.populations[projection.post]
        if not isinstance(post, Population):
            raise RoutingError(f"projection {projection.name!r}: the target {post.name!r} is not on the chip")
        return post

    def with_weights(self, weights: Mapping[ProjectionDescriptor, np.ndarray]) -> Network:
        """Return this network with other weights in some projections, everything else shared."""
        projections = dict(self.projections)
        for descriptor, values in weights.items():
            old = projections[descriptor]
            if np.shape(values) != old.weights.shape:
                raise ConfigurationError(
                    f"projection {old.name!r}: got weights of shape {np.shape(values)}, wanted {old.weights.shape}"
                )
            projections[descriptor] = Projection(old.pre, old.post, values, old.mask, old.name)
        return Network(self.populations, projections, self.cadc)


@runtime_checkable
class Connected(Protocol):
    """Synapses that become a projection once the sizes of their populations are known."""

    @property
    def pre(self) -> PopulationDescriptor:
        """Source population."""

    @property
    def post(self) -> PopulationDescriptor:
        """Target population."""

    def resolved(self, sources: int, targets: int) -> Projection:
        """Return the projection."""


class NetworkBuilder:
    """Collect a network piece by piece."""

    def __init__(self) -> None:
        self._populations: dict[PopulationDescriptor, AnyPopulation] = {}
        self._projections: dict[ProjectionDescriptor, Projection] = {}
        self._cadc = CADCRecording()

    @overload
    def add(self, part: AnyPopulation, instance: object = None) -> PopulationDescriptor: ...

    @overload
    def add(self, part: Projection | Connected, instance: object = None) -> ProjectionDescriptor: ...

    def add(
        self, part: AnyPopulation | Projection | Connected, instance: object = None
    ) -> PopulationDescriptor | ProjectionDescriptor:
        """Add a population, or synapses between populations that were added before.

        Parts without a name are called by their number.

        Args:
            part: The population; or the synapses, in whichever form.
            instance: Where it runs in networks of several chips, as scripts of the chip's own software say it. A
                network here is that of one instance.

        Raises:
            PlacementError: A neuron belongs to another population already.
            RecordingError: A second neuron is to be recorded by the MADC.
            RoutingError: A population of a projection is unknown, of another size, or its target is not on the chip; or
                the part is none of a network.
        """
        if isinstance(part, Connected):
            sizes = [self._populations[end].size if end in self._populations else 0 for end in (part.pre, part.post)]
            part = part.resolved(*sizes)
        if not isinstance(part, AnyPopulation | Projection):
            raise RoutingError(
                f"network: got {type(part).__name__}, wanted a Population, ExternalPopulation, BackgroundPopulation or "
                "Projection"
            )
        others = self._projections if isinstance(part, Projection) else self._populations
        part = part if part.name else replace(part, name=f"#{len(others)}")
        if isinstance(part, Projection):
            self._check_projection(part)
            projection = ProjectionDescriptor(len(self._projections))
            self._projections[projection] = part
            return projection
        if isinstance(part, Population):
            on_chip = [other for other in self._populations.values() if isinstance(other, Population)]
            for other in on_chip:
                _check_pair(other, part)
            check_lines([(f"population {one.name!r}", one.switches["line"]) for one in (*on_chip, part)])
        population = PopulationDescriptor(len(self._populations))
        self._populations[population] = part
        return population

    def add_recording(self, recording: CADCRecording) -> None:
        """Say how the column ADC records; which neurons is said by ``Population.record_cadc``.

        Raises:
            RecordingError: It is no recording by the column ADC.
        """
        if not isinstance(recording, CADCRecording):
            raise RecordingError(f"network: got {type(recording).__name__}, wanted a CADCRecording")
        self._cadc = recording

    def done(self) -> Network:
        """Return the network; the builder may go on afterwards."""
        return Network(dict(self._populations), dict(self._projections), self._cadc)

    def _check_projection(self, projection: Projection) -> None:
        what = f"projection {projection.name!r}"
        pre, post = (self._populations.get(descriptor) for descriptor in (projection.pre, projection.post))
        if pre is None or post is None:
            raise RoutingError(f"{what}: add its populations before it")
        if not isinstance(post, Population):
            raise RoutingError(f"{what}: the target {post.name!r} is an input population, wanted neurons on the chip")
        if projection.weights.shape != (pre.size, post.size):
            raise RoutingError(
                f"{what}: got weights {projection.weights.shape}, wanted (pre, post) = {(pre.size, post.size)} "
                f"for {pre.name!r} to {post.name!r}"
            )


def _check_pair(old: Population, new: Population) -> None:
    common = np.intersect1d(old.circuits, new.circuits)
    if common.size:
        raise PlacementError(f"populations {old.name!r} and {new.name!r}: both use neuron {common[0]}")
    if old.madc_index is not None and new.madc_index is not None:
        raise RecordingError(
            f"populations {old.name!r} and {new.name!r}: both record by MADC, which samples one neuron of the chip"
        )
