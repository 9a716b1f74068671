"""Each row of a user's own sheet reaches the chip: what its kernels are handed, or what is read, changes."""

import hashlib
from collections.abc import Iterator

import numpy as np
import pytest

import bss2_emulator.matrix.product as product
import bss2_emulator.readout.madc as madc
import bss2_emulator.readout.sampling as sampling
import bss2_emulator.spiking.planner as planner
import bss2_emulator.spiking.run as engine
import bss2_emulator.synram.correlation as correlation
from bss2_emulator import Chip, ChipConfig, Row, Sheet, SheetError
from bss2_emulator.facts.sheet import SHEET

N = np.arange(512)
EVERYTHING = {  # no code is the one at which a parameter is given
    "v_leak": 600, "v_reset": 600, "v_threshold": 500, "i_leak": 100, "i_reset": 500, "membrane_capacitance": 40,
    "i_synin_exc_tau": 60, "i_synin_inh_tau": 60, "small_capacitance_exc": N % 3 == 0,
    "high_resistance_inh": N % 5 == 0,
    "i_synin_exc_gm": 400, "i_synin_inh_gm": 400, "i_synin_exc_shift": 200, "i_synapse_dac_bias": 500,
    "enable_mem_offset": True, "i_mem_offset": 20, "enable_threshold": True, "enable_spike_output": True,
    "enable_exponential": N % 4 == 1, "i_exp": 400, "v_exp": 600, "enable_adaptation": N % 4 == 2, "i_adapt_tau": 100,
    "i_adapt_a": 50, "i_adapt_b": 50, "v_adapt_leak": 600, "v_adapt_ref": 600,
    "enable_coba_exc": N % 4 == 3, "i_synin_exc_coba": 300, "e_synin_exc_rev": 700,
    "connect_soma": N == 8, "connect_soma_right": N == 8, "enable_icc": N == 9, "i_icc": 300, "icc_divide": True,
    "readout_source": (N % 7 == 0).astype(int), "weight": 20, "row_mode": 1,
    "enable_stp": True, "stp_utilization": 3, "stp_offset": 3, "stp_recovery": 4,
    "enable_hagen_modulation": True, "hagen_dac_offset": 20, "correlation_amplitude": 1, "correlation_time": 1,
}  # fmt: skip
EVENTS = [100, 200], [0, 0]


@pytest.fixture(scope="module")
def everything():
    """Registers with which all terms, readouts and sensors are in use."""
    config = ChipConfig()
    mask, target = np.array(config.crossbar_mask), np.array(config.crossbar_target)
    mask[8, [0, 4]] = target[8, [0, 4]] = 0
    return config.replace(**EVERYTHING, crossbar_mask=mask, crossbar_target=target)


def parts(value: object) -> Iterator[bytes]:
    """What an argument of a kernel consists of."""
    if isinstance(value, np.ndarray):
        yield value.tobytes()
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from parts(part)
    elif isinstance(value, (int, float)):
        yield repr(value).encode()


def footprint(config, monkeypatch, sheet, fidelity):
    """Digest of all that kernels are handed in a run and in a product, and of what is read."""
    digest = hashlib.blake2b()

    def told(kernel):
        def call(*arguments):
            result = kernel(*arguments)
            for part in parts(arguments):  # now that what it writes is written
                digest.update(part)
            return result

        return call

    with monkeypatch.context() as patch:
        for module, name in (
            (planner, "Plan"), (engine, "run_batch"), (product, "multiply"), (correlation, "correlate"),
            (sampling, "Readout"), (madc, "convert"),
        ):  # fmt: skip
            patch.setattr(module, name, told(getattr(module, name)))
        chip = Chip("reach", fidelity, sheet=sheet, temperature=60.0, threads=1)
        run = chip.run_spiking(config, 300, *EVENTS, cadc_neurons=[0], madc_neuron=3, correlation_rows=[1])
        chip.run_matrix(config, np.full((128, 256), 9), np.full((1, 128), 9), wait_between_events=2)
    digest.update(run.madc.values.tobytes())
    return digest.digest()


def test_each_row_reaches_the_chip(everything, monkeypatch):
    """On the uncalibrated chip, or on the one that has a calibration behind it."""
    usual = {f: footprint(everything, monkeypatch, SHEET, f) for f in ("full", "calibrated")}
    assert usual == {f: footprint(everything, monkeypatch, Sheet(), f) for f in usual}
    ignored = []
    for row in SHEET.rows.values():
        changed = [row._replace(spread=2 * row.spread)] if row.spread else []
        if not row.spread or row.mean not in (0, 1):
            changed.append(row._replace(mean=2 * row.mean))
        ignored += [
            new
            for new in changed
            if all(footprint(everything, monkeypatch, Sheet([new]), f) == usual[f] for f in usual)
        ]
    assert not ignored, [row.name for row in ignored]


def test_what_only_spreads_has_no_mean_of_its_own():
    with pytest.raises(SheetError, match=r"readout, mean: got 0\.1, wanted 0: it is only how others differ"):
        Sheet([SHEET.rows["readout"]._replace(mean=0.1)])
    assert isinstance(SHEET.rows["readout"], Row)
