"""How well the emulated chip matches measured ones: ``python benchmarks/fidelity.py`` prints and writes the page.

Five serials that no other test uses, calibrated by the project's own procedures. A section is a function that returns
its rows; to add one, write it and name it in ``SECTIONS``. ``--section`` runs some of them without writing the page.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bss2_emulator.silicon.serial import Silicon

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "core" / "helpers"))

import surveys  # noqa: E402 - lies beside the tests that hold its figures to bands

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


def serials() -> list[Row]:
    """How much chips differ as a whole, chip facts 6.5."""
    chips = [Silicon(f"scale-{i}") for i in range(50)]
    gains = np.std([np.log(chip.scale("strength") * chip.scale("gain")) for chip in chips])
    rows = [Row("gain of products, std over 50 serials", "8 %", f"{100 * gains:.1f} %", bool(0.05 < gains < 0.1))]
    for name in ("strength", "leak_conductance", "tau_syn"):
        std = np.std([np.log(chip.scale(name)) for chip in chips])
        rows.append(Row(f"{name}, std over 50 serials", "5 to 10 %", f"{100 * std:.1f} %", bool(0.05 < std < 0.1)))
    return rows


SECTIONS: dict[str, Callable[[], list[Row]]] = {
    "What a calibration leaves": residuals,
    "Chips differ": serials,
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
