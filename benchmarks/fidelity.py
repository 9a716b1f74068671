"""How well the emulated chip matches measured ones: ``python benchmarks/fidelity.py`` prints and writes the page.

Five serials that no other test uses, calibrated by the project's own procedures. A section is a function that returns
its rows; to add one, write it and name it in ``SECTIONS``. ``--section`` runs some of them without writing the page.
"""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import NamedTuple

import numpy as np

from hxtorch.core import open_session
from hxtorch.core.calibration import calibrate, preset
from hxtorch.core.calibration.targets import PRESETS

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "core" / "helpers"))

import products_seen  # noqa: E402 - lie beside the tests that hold their figures to bands
import signals  # noqa: E402
import surveys  # noqa: E402

PAGE = ROOT / "docs" / "fidelity.md"
HEAD = """# How well it matches

Figures of measured chips beside those of the emulated one, made by `python benchmarks/fidelity.py`: serials `survey-1`
to `survey-5` of fidelity `full`, calibrated by the procedures of `hxtorch.core.calibration`. A figure is given with
half the width of its 99.9 % interval where it is an estimate. A band is what the chip's own software and published
traces allow.
"""


class Row(NamedTuple):
    """One figure.

    Attributes:
        quantity: What it is, with its unit.
        real: Of measured chips.
        emulated: Ours.
        holds: Whether ours is what the real one allows; None where there is nothing to judge.
    """

    quantity: str
    real: str
    emulated: str
    holds: bool | None = None


def residuals() -> list[Row]:
    """What a calibration leaves, chip facts 6.4."""
    unit = {"leak": "CADC LSB", "reset": "CADC LSB", "threshold": "CADC LSB", "tau_mem": "of it", "psp": "of it"}
    full, calibrations = surveys.survey("full")
    calibrated, _ = surveys.survey("calibrated")
    rows = []
    for name, (low, high) in surveys.BANDS.items():
        one, two = full[name], calibrated[name]
        agree = abs(np.log(two.value / one.value)) < np.log(1.3)
        rows.append(
            Row(
                f"{name}, std over neurons, {unit[name]}",
                f"{low:g} to {high:g}",
                f"{one.value:.3g} ± {one.half_width:.1g}; fidelity `calibrated` {two.value:.3g}",
                bool(one.inside(low, high) and agree),
            )
        )
    success = float(np.mean([calibration.success.mean() for calibration in calibrations]))
    rows.append(
        Row("neurons that a calibration brings to the target", ">= 98 %", f"{100 * success:.1f} %", success >= 0.98)
    )
    return rows


def judge(quantity: str, found: surveys.Estimate, low: float, high: float) -> Row:
    """Return the row of an estimate that a band is known for."""
    return Row(
        quantity, f"{low:.4g} to {high:.4g}", f"{found.value:.3g} ± {found.half_width:.1g}", found.inside(low, high)
    )


def synaptic_inputs() -> list[Row]:
    """What volleys of simultaneous events do, chip facts 2.6."""
    seen = membranes()
    few, some, many = (np.mean(seen[f"excited {rows}"]) for rows in (3, 6, 9))
    pairs = list(zip(seen["inhibited"], seen["high"], seen["excited 9"], strict=True))
    behind = surveys.mean([100 * (1 - low / excited) for low, _, excited in pairs])
    above = surveys.mean([100 * high / excited for _, high, excited in pairs])
    ratio = float((many - some) / few)
    return [
        judge("excitation by a summed weight of 288, MADC LSB", surveys.mean(seen["excited 9"]), 204.3, 249.7),
        Row("its last three increments over its first three", "0.95 to 1.1", f"{ratio:.3g}", 0.95 < ratio < 1.1),
        judge("inhibition behind it, %", behind, 40, 46),
        judge("inhibition of membranes kept above rest, % of excitation", above, 97, 103),
    ]


def noise() -> list[Row]:
    """What resting membranes do, chip facts 6.3."""
    seen = membranes()
    rows = [
        judge("std of a resting membrane in 200 us, MADC LSB", surveys.mean(seen["deviation"]), 0.9, 1.6),
        judge("peak to peak in 1 ms, MADC LSB", surveys.mean(seen["range"]), 9, 18),
    ]
    for index, (lag, real) in enumerate(zip(signals.LAGS, signals.CORRELATION, strict=True)):
        found = surveys.mean([values[:, index] for values in seen["correlation"]])
        rows.append(judge(f"autocorrelation at {lag * 1e6:g} us", found, real - 0.1, real + 0.1))
    rows.append(judge("readings over trials, CADC LSB", surveys.mean(seen["trials"]), 1.0, 1.5))
    rows.append(
        judge("variance of the paired difference of PSP readings, LSB^2", surveys.mean(seen["differences"]), 0.8, 1.7)
    )
    return rows


def resets_and_compartments() -> list[Row]:
    """How fast a reset is, and how far compartments are from each other, chip facts 3.3."""
    seen = membranes()
    off = signals.off_the_table(np.concatenate(seen["compartments"]))
    micro = [values * 1e6 for values in seen["reset"]]
    return [
        judge("time constant of the reset, us", surveys.mean(micro), 0.15, 0.20),
        judge("peaks in a chain of four compartments, each row of its largest, rms off", off, 0, 0.06),
    ]


def products() -> list[Row]:
    """What matrix products show, chip facts 12.5."""
    names = {
        "zero": "std over repetitions without events, LSB",
        "sends": "with 1024 events, LSB",
        "exponent": "exponent of the relative spread over sends",
        "offset": "offsets of columns after many events, std, LSB",
        "bend": "bend of the response to few events",
        "shot": "one row, 100 sends: std over columns, LSB",
        "mismatch": "synapses and columns together, %",
        "drivers": "drivers after calibration, std, LSB",
        "gain": "gain at the operating point of the mock model",
        "noise": "noise there, LSB",
    }
    return [judge(text, products_seen.judged(name), *products_seen.BANDS[name]) for name, text in names.items()]


def serials() -> list[Row]:
    """How much chips differ as a whole, chip facts 6.5."""
    return [
        judge(f"{name}, std of the logarithm over serials", found, 0.05, 0.10)
        for name, found in surveys.serial_scales().items()
    ]


def times() -> list[Row]:
    """How long calibrations take, all neurons at once: CPU time, so that what else runs does not count."""
    spent = {}
    with open_session(serial=surveys.SERIALS[0], fidelity="full") as session:
        calibrate(session.connection, preset("spiking"))  # what is made once in a process
        for name in PRESETS:
            start = process_time()
            calibrate(session.connection, preset(name))
            spent[name] = process_time() - start
    one, everything = spent["neuron"], sum(spent.values())
    return [
        Row("one target, s", "<= 1.0", f"{one:.2f}", one <= 1.0),
        Row("all kinds of a serial, s", "<= 5", f"{everything:.1f}", everything <= 5),
    ]


@functools.cache
def membranes() -> dict[str, list[np.ndarray]]:
    """Measure the membranes of all chips once."""
    return signals.survey()


SECTIONS: dict[str, Callable[[], list[Row]]] = {
    "Synaptic inputs": synaptic_inputs,
    "What a calibration leaves": residuals,
    "Noise": noise,
    "Resets and compartments": resets_and_compartments,
    "Products": products,
    "Chips differ": serials,
    "Time of a calibration": times,
}


def table(title: str, rows: list[Row]) -> str:
    """Return a section, Markdown."""
    said = {True: "yes", False: "**no**", None: ""}
    lines = [f"| {row.quantity} | {row.real} | {row.emulated} | {said[row.holds]} |" for row in rows]
    return "\n".join(
        [f"\n## {title}\n", "| quantity | real | emulated | holds |", "| --- | --- | --- | --- |", *lines, ""]
    )


def main() -> int:
    """Print the sections that are asked for; write the page if that is all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--section", nargs="+", default=list(SECTIONS), choices=list(SECTIONS))
    chosen = parser.parse_args().section
    missed, page = False, HEAD
    for title in chosen:
        rows = SECTIONS[title]()
        section = table(title, rows)
        print(section, flush=True)
        page += section
        missed |= any(row.holds is False for row in rows)
    if chosen == list(SECTIONS):
        PAGE.write_text(page, encoding="utf-8")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
