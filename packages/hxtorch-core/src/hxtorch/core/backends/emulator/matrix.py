"""Products on the emulated chip."""

from __future__ import annotations

from time import perf_counter

from bss2_emulator.facts.constants import COLUMNS, DRIVERS
from hxtorch.core.backends.emulator.link import TYPED, Link
from hxtorch.core.seam.programs import CYCLE, MatrixProgram
from hxtorch.core.seam.results import MADCSamples, MatrixResult

# Real-time section of one matrix product beside its events: resets, settling and reads (chip facts 2.4).
_MATRIX_OVERHEAD = 46e-6


class EmulatedMatrix:
    """Runs products on the emulated chip of a connection."""

    gathers_rows = True

    def __init__(self, link: Link) -> None:
        self._link = link

    def run(self, program: MatrixProgram) -> MatrixResult:
        """Multiply all activations of ``program`` with its matrix."""
        chip, started = self._link.ready_chip(), perf_counter()
        number = int(chip.run_counter)
        with TYPED:
            run = chip.run_matrix(
                self._link.configure(program.configuration),
                program.weights,
                program.activations,
                program.num_sends,
                program.wait_between_events,
                madc_column=program.madc_column,
                patches=program.patches,
            )
        self._link.held = program.configuration
        rows, columns = program.weights.shape
        tiles = -(-rows // DRIVERS) * -(-columns // COLUMNS)
        events_time = min(rows, DRIVERS) * program.wait_between_events * program.num_sends * CYCLE
        madc = None
        if run.madc is not None and program.madc_column is not None:
            times, values, offsets = run.madc
            madc = MADCSamples(times, values, program.madc_column, offsets)
        return MatrixResult(
            values=run.values,
            madc=madc,
            info=self._link.info(
                number, started, program.batch * -(-tiles // 2) * (events_time + _MATRIX_OVERHEAD), int(run.events_sent)
            ),
        )
