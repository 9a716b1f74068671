"""What goes down to a chip: programs, frozen and legal once constructed.

Times are FPGA cycles of 8 ns. Batches are flat arrays with offsets: entry ``b`` owns ``[offsets[b], offsets[b + 1])``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from bss2_emulator.facts.constants import COLUMNS, HEMISPHERES, MAX_RUNTIME, NEURONS, ROWS
from bss2_emulator.facts.constants import CYCLE as CYCLE
from bss2_emulator.ground.cached import cached_property
from hxtorch.core import constants
from hxtorch.core.arguments import checked
from hxtorch.core.errors import OperandRangeError, ProgramError, RecordingError
from hxtorch.core.seam.batches import ascends, is_batch
from hxtorch.core.seam.configuration import ChipConfiguration
from hxtorch.core.seam.integers import frozen, legal_integer, legal_integers


@checked
@lru_cache(64)
def in_cycles(dt: float) -> float:
    """Return ``dt`` seconds in cycles, free of the rounding errors of decimal fractions.

    Raises:
        ProgramError: ``dt`` is not positive or not finite.
    """
    cycles = round(dt / CYCLE, 9) if abs(dt) < float("inf") else 0.0
    if not cycles > 0:
        raise ProgramError(f"dt: got {dt}, wanted a positive number of seconds")
    return cycles


def check_runtime(runtime: int) -> None:
    """Refuse a run time that the timer cannot count.

    Raises:
        ProgramError: It is no integer from 1 to 2**32 - 1 cycles.
    """
    legal_integer(_RUNTIME, runtime, 1, MAX_RUNTIME)


_RUNTIME = f"runtime (cycles of 8 ns, at most {MAX_RUNTIME * CYCLE:.2f} s)"


def legal_operand(name: str, values: np.ndarray, low: int, high: int, dtype: type) -> np.ndarray:
    """Return integers of the closed range ``[low, high]`` as a read-only array of ``dtype``.

    Raises:
        OperandRangeError: A value is beyond the range.
        ProgramError: They are not integers.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "iu":
        raise ProgramError(f"{name}: got type {array.dtype}, wanted integers")
    signed = array.dtype.kind == "i" or low > 0  # others have nothing below 0
    # reductions of ufuncs do what methods of arrays do, without their two more calls
    if array.size and ((signed and np.minimum.reduce(array, None) < low) or np.maximum.reduce(array, None) > high):
        bad = array[(array < low) | (array > high)].flat[0]
        raise OperandRangeError(f"{name}: got {bad}, wanted {low} to {high}; scale or clamp first")
    return frozen(array, dtype)


def legal_weights(weights: np.ndarray) -> np.ndarray:
    """Return the signed weights of a matrix product as read-only int8; raises as :func:`legal_operand`."""
    return legal_operand("weights", weights, constants.synaptic_weight_min, constants.synaptic_weight_max, np.int8)


@dataclass(frozen=True, eq=False)
class InputEvents:
    """Events from the FPGA to the chip.

    Attributes:
        times: Cycles since the start of the run, int64 (events,), ascending inside each batch entry.
        labels: 16-bit event labels, uint16 (events,); bits 14 and 15 select the link (chip facts 1.4).
        batch_offsets: int64 (batch + 1,), from 0 to the number of events.
    """

    times: np.ndarray
    labels: np.ndarray
    batch_offsets: np.ndarray

    _within: ClassVar[int | None] = None
    """Cycles within which events are known to lie, or None if nobody looked."""

    def __post_init__(self) -> None:
        for name, dtype in (("times", np.int64), ("labels", np.uint16), ("batch_offsets", np.int64)):
            object.__setattr__(self, name, legal_integers(f"events: {name}", getattr(self, name), dtype))
        times, offsets = self.times, self.batch_offsets
        if times.ndim != 1 or times.shape != self.labels.shape:
            raise ProgramError(
                f"events: got times {times.shape} and labels {self.labels.shape}, wanted two equal flat arrays"
            )
        if not is_batch(offsets, len(times)):
            raise ProgramError(
                "events: batch_offsets must ascend from 0 to the number of events, one more than batch entries"
            )
        if not ascends(times, offsets):
            raise ProgramError("events: times must ascend inside each batch entry; sort them first")

    @property
    def batch_size(self) -> int:
        return len(self.batch_offsets) - 1

    @classmethod
    def sorted_within(cls, runtime: int, times: np.ndarray, labels: np.ndarray, offsets: np.ndarray) -> InputEvents:
        """Return events that are legal by the way they were made, and lie in [0, runtime); they are not looked at."""
        new = object.__new__(cls)
        for array in (times, labels, offsets):
            array.flags.writeable = False
        new.__dict__.update(times=times, labels=labels, batch_offsets=offsets, _within=runtime)
        return new

    def check_within(self, runtime: int) -> None:
        """Check that all events lie in [0, runtime).

        Raises:
            ProgramError: One does not.
        """
        times = self.times
        if self._within is not None and self._within <= runtime:
            return
        if times.size and (times.min() < 0 or times.max() >= runtime):
            bad = times[(times < 0) | (times >= runtime)][0]
            raise ProgramError(
                f"events: got one at cycle {bad} ({bad * CYCLE * 1e6:.3f} us), wanted times in [0, {runtime}) "
                f"({runtime * CYCLE * 1e6:.3f} us); run longer or drop late events"
            )

    @classmethod
    def silence(cls, batch_size: int = 1) -> InputEvents:
        """Return ``batch_size`` entries without events, at least one."""
        entries = legal_integer("batch_size", batch_size, 1)
        return cls(np.empty(0, np.int64), np.empty(0, np.uint16), np.zeros(entries + 1, np.int64))


@checked
@dataclass(frozen=True, eq=False)
class Recording:
    """What to record beside spikes, which are recorded where the crossbar forwards them to the link.

    Attributes:
        cadc_neurons: Neurons ``n`` whose membrane the column ADC samples, int64 (recorded,), unique.
        cadc_acausal: Read the acausal channels instead of the causal ones.
        cadc_in_dram: Store samples in DRAM: slower (about 6 us a sample instead of 2), practically unlimited.
        madc_neuron: The one neuron whose membrane the MADC samples, or None.
        correlation_rows: Synapse rows ``256 * hemisphere + row`` whose correlation sensors are read at the end, int64
            (rows,), unique.
        correlation_reset: Cycle in which these sensors are reset; what came before does not count.
        spike_counters: Read the spike counter of each neuron at the end.
    """

    cadc_neurons: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    cadc_acausal: bool = False
    cadc_in_dram: bool = False
    madc_neuron: int | None = None
    correlation_rows: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    correlation_reset: int = 0
    spike_counters: bool = False

    def __post_init__(self) -> None:
        neurons = legal_integers("cadc_neurons", self.cadc_neurons, np.int64, RecordingError)
        rows = legal_integers("correlation_rows", self.correlation_rows, np.int64, RecordingError)
        object.__setattr__(self, "cadc_neurons", frozen(neurons.copy(), np.int64))  # what follows from them is kept
        object.__setattr__(self, "correlation_rows", frozen(rows.copy(), np.int64))
        legal_integer("correlation_reset", self.correlation_reset, 0)
        if rows.ndim != 1 or len(np.unique(rows)) != len(rows):
            raise RecordingError("correlation_rows: wanted a flat array of distinct rows")
        if rows.size and (rows.min() < 0 or rows.max() >= HEMISPHERES * ROWS):
            raise RecordingError(f"correlation_rows: got {rows.min()}..{rows.max()}, wanted 256 * hemisphere + row")
        if neurons.ndim != 1 or len(np.unique(neurons)) != len(neurons):
            raise RecordingError("cadc_neurons: wanted a flat array of distinct neurons")
        if neurons.size and (neurons.min() < 0 or neurons.max() >= NEURONS):
            raise RecordingError(
                f"cadc_neurons: got {neurons.min()}..{neurons.max()}, wanted neurons from 0 to {NEURONS - 1}"
            )
        if self.madc_neuron is not None:
            legal_integer("madc_neuron", self.madc_neuron, 0, NEURONS - 1, RecordingError)

    @cached_property
    def hemispheres(self) -> tuple[np.ndarray, ...]:
        """The ``cadc_neurons`` of each hemisphere that has some, top first."""
        top = self.cadc_neurons < COLUMNS
        parts = self.cadc_neurons[top], self.cadc_neurons[~top]
        return tuple(frozen(part, np.int64) for part in parts if len(part))


@checked
@dataclass(frozen=True, eq=False)
class TimedWrite:
    """Registers written during the real-time section.

    Attributes:
        time: Cycles of 8 ns since the start of the section.
        registers: Values by register name.

    Raises:
        ConfigurationError: A register is unknown or is given a value that it does not have.
        ProgramError: The time is no integer, or negative.
    """

    time: int
    registers: Mapping[str, Any]

    def __post_init__(self) -> None:
        legal_integer("writes: time", self.time, 0)
        legal = {name: ChipConfiguration.legal(name, value) for name, value in self.registers.items()}
        object.__setattr__(self, "registers", legal)


@checked
@dataclass(frozen=True, eq=False)
class SpikingProgram:
    """One real-time section, repeated for each entry of a batch of inputs.

    Attributes:
        configuration: All registers at the start of each section.
        runtime: Length of the section in cycles, 1 to 2**32 - 1.
        events: Input events; entries beyond ``runtime`` are refused.
        recording: What to record.
        writes: Registers written during each section, in order of time; the state of the chip goes on. A backend that
            cannot do so refuses the program.
        registers_after: Registers written after the last section.
    """

    configuration: ChipConfiguration
    runtime: int
    events: InputEvents
    recording: Recording = field(default_factory=Recording)
    writes: tuple[TimedWrite, ...] = ()
    registers_after: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def final_configuration(self) -> ChipConfiguration:
        """All registers as the program leaves them."""
        configuration = self.configuration
        for write in self.writes:
            configuration = configuration.replace(**write.registers)
        return configuration.replace(**self.registers_after) if self.registers_after else configuration

    def __post_init__(self) -> None:
        check_runtime(self.runtime)
        object.__setattr__(self, "runtime", int(self.runtime))
        self.events.check_within(self.runtime)
        if self.writes:
            object.__setattr__(self, "writes", tuple(sorted(self.writes, key=lambda write: write.time)))
        for write in self.writes:
            if write.time >= self.runtime:
                raise ProgramError(
                    f"writes: got one at cycle {write.time}, wanted times in [0, {self.runtime}); run longer"
                )
        if self.recording.correlation_reset >= self.runtime:
            raise ProgramError(
                f"correlation_reset: got cycle {self.recording.correlation_reset}, wanted one in [0, {self.runtime})"
            )


@checked
@dataclass(frozen=True, eq=False)
class MatrixProgram:
    """Multiply a batch of activations with one signed matrix in hagen mode.

    The unit cuts the matrix into tiles of 128 rows and 256 columns. Tile ``k`` (columns outer, rows inner) runs on
    hemisphere ``k % 2``; each tile gives int8 and all tiles of a column are added digitally (chip facts 2.4).

    Attributes:
        configuration: All registers, calibrated for hagen mode; weights, labels and row modes are set by the unit.
        weights: int8 (rows, columns), -63..63.
        activations: uint8 (batch, rows), 0..31; a zero sends no event. With ``patches`` (images, values).
        num_sends: How often the vector is sent, at least 1.
        wait_between_events: Cycles between events, at least 1.
        madc_column: Record the membrane of this column (of the first tile) by MADC, or None.
        patches: Starts (patches,) and offsets (rows,), or None: row r of patch p of an image is its value
            ``starts[p] + offsets[r]``. The batch is all patches, those of the first image first. Only units that gather
            rows (:class:`~hxtorch.core.interfaces.GathersRows`) get such programs, others get :meth:`unfolded` ones.
    """

    configuration: ChipConfiguration
    weights: np.ndarray
    activations: np.ndarray
    num_sends: int = 1
    wait_between_events: int = 5
    madc_column: int | None = None
    patches: tuple[np.ndarray, np.ndarray] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", np.asarray(self.weights))
        self._fit()
        for name in ("num_sends", "wait_between_events"):
            legal_integer(name, getattr(self, name), 1)
        object.__setattr__(self, "weights", legal_weights(self.weights))

    @classmethod
    def of_bytes(
        cls,
        configuration: ChipConfiguration,
        weights: np.ndarray,
        activations: np.ndarray,
        num_sends: int,
        wait_between_events: int,
        madc_column: int | None,
    ) -> MatrixProgram:
        """Return a program whose parts are legal by the way they were made; they are not looked at.

        Args:
            configuration: As above, like all that follow.
            weights: Contiguous.
            activations: Contiguous, (batch, rows).
            num_sends: See above.
            wait_between_events: See above.
            madc_column: See above.
        """
        new = object.__new__(cls)
        weights, activations = frozen(weights, np.int8), frozen(activations, np.uint8)
        new.__dict__.update(
            configuration=configuration,
            weights=weights,
            activations=activations,
            num_sends=num_sends,
            wait_between_events=wait_between_events,
            madc_column=madc_column,
        )
        return new

    def _fit(self) -> None:
        """Check what is multiplied with the matrix, and what depends on its shape."""
        weights, activations = self.weights, np.asarray(self.activations)
        rows = activations.shape[-1:]
        if self.patches is not None:
            object.__setattr__(self, "patches", _legal_patches(*self.patches, activations.shape[-1] if rows else 0))
            rows = self.patches[1].shape
        if weights.ndim != 2 or activations.ndim != 2 or weights.shape[:1] != rows or 0 in weights.shape:
            raise ProgramError(
                f"matrix product: got activations {activations.shape} times weights {weights.shape}, "
                "wanted (batch, rows) times (rows, columns)"
            )
        if self.madc_column is not None:
            legal_integer(
                "madc_column", self.madc_column, 0, min(weights.shape[1], constants.hardware_matrix_width) - 1
            )
        low, high = constants.input_activation_min, constants.input_activation_max
        object.__setattr__(self, "activations", legal_operand("activations", activations, low, high, np.uint8))

    @property
    def batch(self) -> int:
        """Vectors that are multiplied."""
        return len(self.activations) * (1 if self.patches is None else len(self.patches[0]))

    def unfolded(self) -> MatrixProgram:
        """Return the program with a vector for each patch."""
        if self.patches is None:
            return self
        starts, offsets = self.patches
        activations = self.activations[:, starts[:, np.newaxis] + offsets].reshape(self.batch, len(offsets))
        return replace(self, activations=activations, patches=None)


def product_of(**parts: Any) -> MatrixProgram:
    """Return the program of a product whose weights and counts were checked before; ``parts`` are all of its fields."""
    program = object.__new__(MatrixProgram)
    vars(program).update(parts)
    program._fit()
    return program


def _legal_patches(starts: np.ndarray, offsets: np.ndarray, values: int) -> tuple[np.ndarray, np.ndarray]:
    """Return places in an image of so many values, int32.

    Raises:
        ProgramError: They are no flat arrays of some integers, or one lies outside.
    """
    starts = legal_integers("patches: starts", starts, np.int32)
    offsets = legal_integers("patches: offsets", offsets, np.int32)
    for places in (starts, offsets):
        if places.ndim != 1 or not places.size or places.min() < 0:
            raise ProgramError(f"patches: got places {places.shape}, wanted some from 0 on in a flat array")
    if int(starts.max()) + int(offsets.max()) >= values:
        last = int(starts.max()) + int(offsets.max())
        raise ProgramError(f"patches: got places up to {last}, wanted them within {values} values of an image")
    return starts, offsets
