"""Compile synapse rows: what one event adds to the synaptic inputs of all active neurons."""

import numpy as np
from numpy.typing import NDArray

def compile_actions(
    weight: NDArray[np.uint8],
    label: NDArray[np.uint8],
    row_mode: NDArray[np.uint8],
    strength: NDArray[np.float32],
    dac: NDArray[np.float32],
    column: NDArray[np.int32],
    top_count: int,
    count: int,
    drivers: NDArray[np.int32],
    row_offsets: NDArray[np.int32],
    seen: NDArray[np.uint8],
    pulse: NDArray[np.float32],
    scale_exc: np.ndarray,
    scale_inh: np.ndarray,
    exc: np.ndarray,
    inh: np.ndarray,
    spans: NDArray[np.int32],
    threads: int,
) -> None:
    """Write what rows of drivers add to synaptic states to ``exc`` and ``inh``, the neurons reached to ``spans``."""
