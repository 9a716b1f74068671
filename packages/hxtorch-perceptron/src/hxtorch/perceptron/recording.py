"""Recordings of a membrane during products, as CSV."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hxtorch.core import CYCLE, MADCSamples, RecordingError
from hxtorch.perceptron.constants import hardware_matrix_width


@dataclass(frozen=True)
class MembraneRecording:
    """Recording of one neuron by MADC, appended to a file.

    The file has a line for each sample: number of the run since the chip was opened, batch entry, time in microseconds
    since the start of that entry, MADC code 0..1023.

    Attributes:
        neuron: Neuron of the upper hemisphere, 0..255; it belongs to the same column of the matrix, in its first tile.
        path: File to append to, made with a header if it is missing or empty.
    """

    neuron: int
    path: str

    def check(self, columns: int) -> None:
        """Refuse a neuron beyond the ``columns`` of the matrix and a folder that does not exist.

        Raises:
            RecordingError: Says which.
        """
        last = min(columns, hardware_matrix_width) - 1
        if not 0 <= self.neuron <= last:
            raise RecordingError(
                f"madc_recording_neuron_id: got {self.neuron}, wanted a column of the matrix, 0..{last}"
            )
        if not Path(self.path).parent.is_dir():
            raise RecordingError(f"madc_recording_path: the folder of {self.path!r} does not exist; make it first")

    def append(self, samples: MADCSamples, run: int) -> None:
        """Write ``samples`` of ``run``."""
        entries = np.repeat(np.arange(len(samples.batch_offsets) - 1), np.diff(samples.batch_offsets))
        rows = zip(entries.tolist(), (samples.times * CYCLE * 1e6).tolist(), samples.values.tolist(), strict=True)
        with Path(self.path).open("a", encoding="ascii", newline="") as file:
            if file.tell() == 0:
                file.write("run,batch,time_us,madc\n")
            file.writelines(f"{run},{entry},{time:.3f},{value}\n" for entry, time, value in rows)
