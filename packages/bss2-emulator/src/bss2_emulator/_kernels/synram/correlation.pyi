"""Correlation sensors: rows and batch entries in parallel."""

import numpy as np
from numpy.typing import NDArray

NOT_SEEN: int
"""In place of a label: the event does not reach the row."""

def correlate(
    event_times: NDArray[np.int64],
    actions: NDArray[np.int32],
    event_offsets: NDArray[np.int64],
    spike_times: NDArray[np.int64],
    neurons: NDArray[np.int32],
    spike_offsets: NDArray[np.int64],
    seen: NDArray[np.uint8],
    label: NDArray[np.uint8],
    amplitude: NDArray[np.float32],
    rate: NDArray[np.float32],
    hemisphere: NDArray[np.int32],
    reset: int,
    noise: float,
    key: int,
    streams: NDArray[np.uint32],
    run: int,
    first_entry: int,
    codes: NDArray[np.uint8],
    threads: int,
) -> None:
    """Write what the sensors of each row show to ``codes``; ``noise``: LSB rms, of a stream for each row."""
