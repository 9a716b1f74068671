"""Multiply-accumulate in hagen mode."""

import numpy as np
from numpy.typing import NDArray

FRACTION: int
"""Fractions of an LSB in which baselines are given."""

PULSE_FRACTION: int
"""Fractions of a unit of pulses in which drivers are given."""

FARTHEST: int
"""LSB within which baselines lie; columns move by no more."""

def best_instructions() -> int:
    """Return the best instruction set that may run, as its place in ``NAMES`` of ``native/instructions.pyi``.

    The first call asks Linux for tiles, since they enlarge what it keeps of a process.
    """

def are_within(values: NDArray[np.int8], low: int, high: int) -> bool:
    """Tell whether all bytes (rows, columns) lie in the closed range of ``low`` and ``high``."""

def pack_weights(
    weights: NDArray[np.int8],
    strength: NDArray[np.float32],
    dac: NDArray[np.float32],
    ratio: NDArray[np.float32],
    line: int,
    threads: int,
    instructions: int,
) -> NDArray[np.int16]:
    """Return what the synapses of all tiles weigh, in the order that the product reads them.

    Args:
        weights: Of the whole matrix, (rows, columns).
        strength: Factor of each synapse, (2, 256, 256).
        dac: What weights 0 to 63 are in each quadrant, (4, 64).
        ratio: Factor of the (inhibitory, excitatory) rows of each column of both hemispheres, (2, 2, 256).
        line: 1 or -1 for weights of that sign only, 0 for all.
        threads: How many to use.
        instructions: Up to :func:`best_instructions`; all give the same bytes.

    Returns:
        Shape (tiles, anything).
    """

class Constants:
    """What products of one set of registers have in common.

    Args:
        pulse_scale: Length of a pulse per activation, in fractions of a unit, for each driver, (2, 128).
        pulse_offset: What each driver adds to a pulse, likewise.
        pulse_limit: Longest pulse, units.
        capacity: Charge that 0 to 128 events may bring to a line before it saturates, (129,).
        gain: What charge is in each column, in fractions of an LSB, if ``ideal`` in LSB, (2, 256).
        kept: Share of the charge of 0 to 128 events that is left at the read, (2, 129, 256), or all of it: (0, 0, 0).
        shift: What many events move each column by, whatever the weights, in fractions of an
            LSB, (2, 256).
        shifted: Share of that which 0 to 128 events do, in units of 2^-15, (129,).
        baseline: Of a read at rest, in fractions of an LSB, within +-:data:`FARTHEST` LSB, (2, 256).
        bent: What a column bends below, in fractions of an LSB: 0.7 times the value at which its negative side ends,
            (2, 256).
        lowest: 1.3 times that value, in fractions of an LSB, (2, 256).
        inverse_limit: Inverse of its size, or 0 where it never ends, (2, 256).
        bend: That size over 1.2, (2, 256).
        noise_rest: rms of a read at rest, in units of 1 / 512 LSB, up to 48 LSB like the other two.
        noise_common: rms of what all columns of a read share.
        noise_result: rms of the read after 0 to 128 events in each column, (2, 129, 256).
        by_event: ``noise_result`` has some that is not zero.
        ideal: Round the product; no reads.
    """

    def __init__(
        self,
        pulse_scale: NDArray[np.int16],
        pulse_offset: NDArray[np.int16],
        pulse_limit: int,
        capacity: NDArray[np.float32],
        gain: NDArray[np.float32],
        kept: NDArray[np.float32],
        shift: NDArray[np.int16],
        shifted: NDArray[np.int16],
        baseline: NDArray[np.int16],
        bent: NDArray[np.int16],
        lowest: NDArray[np.float32],
        inverse_limit: NDArray[np.float32],
        bend: NDArray[np.float32],
        noise_rest: int,
        noise_common: int,
        noise_result: NDArray[np.int16],
        by_event: bool,
        ideal: bool,
    ) -> None: ...

def multiply(
    constants: Constants,
    activations: NDArray[np.uint8],
    starts: NDArray[np.int32],
    offsets: NDArray[np.int32],
    packed: tuple[NDArray[np.int16], ...],
    key: int,
    purpose: int,
    first_entry: int,
    run: int,
    out: NDArray[np.int8],
    threads: int,
    instructions: int,
) -> int:
    """Multiply a batch of activations and write what all tiles read together.

    Args:
        constants: See there.
        activations: (batch, rows), or with ``starts`` (images, bytes of one).
        starts: Where each patch of an image lies, (patches,): entries are the patches of all images, those of the first
            one first. Empty if activations are rows as they stand.
        offsets: Where the rows of a patch lie from there, (rows,).
        packed: Weights by :func:`pack_weights`: all of them, or those of excitatory and of inhibitory rows, whose lines
            then saturate.
        key: Keys the noise with the next four.
        purpose: Of the noise.
        first_entry: Number of the first batch entry.
        run: Number of the run.
        out: Results, (batch, columns).
        threads: How many to use.
        instructions: Up to :func:`best_instructions`; all give the same bytes.

    Returns:
        Activations that are not zero, counted for each tile.
    """

def read_normal(half: int) -> int:
    """Return the number that 16 uniform bits give, in units of 1 / 4096, by ``noise/reads.h``."""
