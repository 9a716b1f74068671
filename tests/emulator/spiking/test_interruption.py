"""Whoever stops a run does not wait for its end, and has the same chip afterwards."""

import signal

import numpy as np
import pytest

from bss2_emulator import Chip, ChipConfig


class StoppedError(Exception):
    pass


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no interval timers")
@pytest.mark.parametrize(("batch", "runtime"), [(1, 100_000_000), (1000, 100_000)])
@pytest.mark.parametrize("threads", [1, 2])
def test_signals_are_handled_during_a_run(batch, runtime, threads):
    """Signals that wait for the end of a run are handled as one; here the third has to come before."""
    came = []

    def count(*_):
        came.append(1)
        if len(came) == 3:
            raise StoppedError

    chip = Chip("stopped", fidelity="ideal", threads=threads)
    empty = np.zeros(0, np.int64)

    def run(runtime, batch):
        return chip.run_spiking(
            ChipConfig(), runtime, empty, empty.astype(np.uint16), np.zeros(batch + 1, np.int64),
            cadc_neurons=range(512), cadc_in_dram=True,
        )  # fmt: skip

    before = run(1000, 2)
    previous = signal.signal(signal.SIGALRM, count)
    signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
    try:
        with pytest.raises(StoppedError):
            run(runtime, batch)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    after = run(1000, 2)
    for one, other in zip(before.cadc, after.cadc, strict=True):
        np.testing.assert_array_equal(one.values, other.values)
