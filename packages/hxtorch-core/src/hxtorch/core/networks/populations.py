"""What sends and receives spikes: neurons on the chip, sources on the host, generators of background events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from numbers import Integral

import numpy as np

from bss2_emulator.facts.constants import NEURONS
from bss2_emulator.ground.cached import cached_property
from hxtorch.core.arguments import checked
from hxtorch.core.errors import PlacementError, RecordingError, RoutingError
from hxtorch.core.networks.morphology import wiring
from hxtorch.core.seam.integers import frozen, legal_integer

BACKGROUND_CLOCK = 250e6  # Hz (chip facts 1.5)


@checked
@dataclass(frozen=True, eq=False)
class Population:
    """Neurons on the chip, all of the same number of circuits.

    Attributes:
        neurons: Circuit ``n`` of each neuron that fires and is read out, int64 (size,), distinct, 0 to 511.
        record_spikes: Send spikes to the host.
        record_cadc: Sample the membranes by the column ADC.
        madc_index: Position in ``neurons`` of the one neuron that the MADC samples, or None.
        name: Used in messages.
        circuits: All circuits of each neuron, that of ``neurons`` first, int64 (size, circuits); None stands for one
            circuit each. Their capacitances, leaks and synaptic inputs add up; a neuron of ``k`` circuits has at most
            ``128 * k`` signed inputs.

    Raises:
        PlacementError: A circuit is used twice, does not exist, or cannot be joined with the others of its neuron.
    """

    neurons: np.ndarray
    record_spikes: bool = True
    record_cadc: bool = False
    madc_index: int | None = None
    name: str = ""
    circuits: np.ndarray = None  # type: ignore[assignment]  # an array once constructed

    def __post_init__(self) -> None:
        neurons = np.asarray(self.neurons)
        what = f"population {self.name!r}"
        if neurons.ndim != 1 or not neurons.size or neurons.dtype.kind not in "iu":
            raise PlacementError(f"{what}: got neurons of shape {neurons.shape}, wanted a flat array of integers")
        circuits = neurons[:, np.newaxis] if self.circuits is None else np.asarray(self.circuits)
        if circuits.ndim != 2 or len(circuits) != len(neurons) or circuits.dtype.kind not in "iu":
            raise PlacementError(
                f"{what}: got circuits {circuits.shape}, wanted integers ({len(neurons)}, circuits of a neuron)"
            )
        if circuits.min() < 0 or circuits.max() >= NEURONS:
            raise PlacementError(f"{what}: got neurons {circuits.min()}..{circuits.max()}, wanted 0 to {NEURONS - 1}")
        if len(np.unique(circuits)) != circuits.size:
            raise PlacementError(f"{what}: a neuron is used twice")
        if (circuits[:, 0] != neurons).any():
            raise PlacementError(f"{what}: the first circuit of a neuron is not that of 'neurons', which fires")
        object.__setattr__(self, "neurons", frozen(np.array(neurons), np.int64))
        object.__setattr__(self, "circuits", frozen(np.array(circuits), np.int64))
        if self.madc_index is not None:
            legal_integer(f"{what}: madc_index", self.madc_index, 0, len(neurons) - 1, RecordingError)
        _ = self.switches

    @property
    def size(self) -> int:
        return len(self.neurons)

    @cached_property
    def switches(self) -> Mapping[str, np.ndarray]:
        """What :func:`~hxtorch.core.networks.morphology.wiring` closes to join the circuits."""
        return wiring(self.circuits, f"population {self.name!r}")

    def first(self, size: int) -> Population:
        """Return the first ``size`` neurons as a population."""
        madc = self.madc_index if self.madc_index is not None and self.madc_index < size else None
        return replace(self, neurons=self.neurons[:size], circuits=self.circuits[:size], madc_index=madc)


@checked
@dataclass(frozen=True)
class ExternalPopulation:
    """Sources of input events on the host.

    Attributes:
        size: Number of sources.
        record_spikes: Let the chip send the events back (loopback).
        name: Used in messages.
    """

    size: int
    record_spikes: bool = False
    name: str = ""

    def __post_init__(self) -> None:
        legal_integer(f"population {self.name!r}: sources", self.size, 1, error=RoutingError)

    def first(self, size: int) -> ExternalPopulation:
        """Return the first ``size`` sources as a population."""
        return replace(self, size=size)


@checked
@dataclass(frozen=True)
class BackgroundSpikeSource:
    """How a generator on the chip makes events.

    Attributes:
        period: Cycles of 4 ns from candidate to candidate, less one, 0 to 65535.
        rate: Of 256 candidates, ``rate + 1`` become events where ``enable_random`` is set, 0 to 255; 0 is silent.
        seed: Of the random numbers, 0 to 2**32 - 1; equal seeds give equal events.
        enable_random: Draw at random which candidates become events, and which source of the population sends them;
            without it every candidate becomes one.

    Source: chip facts 1.5.
    """

    period: int
    rate: int = 255
    seed: int = 1
    enable_random: bool = True

    def __post_init__(self) -> None:
        for name, high in (("period", 0xFFFF), ("rate", 255), ("seed", 0xFFFFFFFF)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, Integral) or not 0 <= int(value) <= high:
                raise RoutingError(f"background source: got {name} {value!r}, wanted an integer from 0 to {high}")
            object.__setattr__(self, name, int(value))

    @property
    def events_per_second(self) -> float:
        """Expected rate of the generator, Hz."""
        share = (self.rate + 1) / 256 if self.rate else 0.0
        return BACKGROUND_CLOCK / (self.period + 1) * (share if self.enable_random else 1.0)


@checked
@dataclass(frozen=True)
class BackgroundPopulation:
    """Sources of events that are generated on the chip.

    One generator serves all sources: each event is that of a source drawn at random. A population whose targets lie in
    both hemispheres takes a generator in each, with the same seed.

    Attributes:
        size: Number of sources: 1, 2, 4, ... 256.
        source: How events are made.
        record_spikes: Let the chip send the events to the host as well.
        name: Used in messages.
    """

    size: int
    source: BackgroundSpikeSource = field(default_factory=lambda: BackgroundSpikeSource(period=999))
    record_spikes: bool = False
    name: str = ""

    def __post_init__(self) -> None:
        what = f"population {self.name!r}"
        if isinstance(self.size, bool | float) or self.size not in [1 << bits for bits in range(9)]:
            raise RoutingError(f"{what}: got {self.size} background sources, wanted a power of two up to 256")
        if self.size > 1 and not self.source.enable_random:
            raise RoutingError(
                f"{what}: got {self.size} sources of a regular generator, wanted 1: only a random one draws which "
                "source sends; add a population for each"
            )

    def first(self, size: int) -> BackgroundPopulation:
        """Return the largest population of at most ``size`` sources."""
        return replace(self, size=1 << max(size, 1).bit_length() - 1)


AnyPopulation = Population | ExternalPopulation | BackgroundPopulation
