"""How large results are, at least, before they are made."""

from __future__ import annotations

from bss2_emulator.facts.constants import COLUMNS
from hxtorch.core.memory import require_memory
from hxtorch.core.seam.programs import MatrixProgram, SpikingProgram

_DRAM_PERIOD, _MADC_PERIOD = 1000, 5  # cycles from sample to sample, at most


def check_spiking_memory(program: SpikingProgram) -> None:
    """Refuse a program whose recordings do not fit into memory.

    Raises:
        MemoryLimitError: They do not; says how many batch entries would.
    """
    recording = program.recording
    entry = len(recording.correlation_rows) * COLUMNS * 2
    if recording.cadc_in_dram:
        entry += program.runtime // _DRAM_PERIOD * len(recording.cadc_neurons)
    if recording.madc_neuron is not None:
        entry += program.runtime // _MADC_PERIOD * 10  # a time and a code
    require_memory("recordings of the run", entry, program.events.batch_size, "run less at once, or record less")


def check_matrix_memory(program: MatrixProgram) -> None:
    """Refuse products that do not fit into memory; raises as :func:`check_spiking_memory`."""
    require_memory("products", program.weights.shape[1], program.batch, "multiply less at once")
