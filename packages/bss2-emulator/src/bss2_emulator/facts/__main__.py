"""Pages that are made from the facts.

``python -m bss2_emulator.facts > docs/registers.md`` prints the page of registers;
``python -m bss2_emulator.facts docs/chip.md`` writes the table of the silicon's parameters into that page.
"""

import sys
from pathlib import Path

from bss2_emulator.facts.registers import Registers
from bss2_emulator.facts.sheet import SHEET, Row

_HEAD = """# Registers

Everything that a program can write to a chip, by name in a `ChipConfiguration`. Made from the declarations by
`python -m bss2_emulator.facts`. Shapes count neurons (512), quadrants (4), backends (2), hemispheres (2) with their
drivers (128), synapse rows and columns (256), PADI buses (4), background generators (8) and crossbar nodes (20, 12).
Cells of the analog parameter memory are marked by a V or an A for what their 10-bit code stands for.

| register | shape | range | after a reset | cell | what it says |
| --- | --- | --- | --- | --- | --- |
"""
_MARK = "<!-- made by python -m bss2_emulator.facts docs/chip.md -->\n"
_SHEET_HEAD = """
| parameter | unit | mean | spread | left in `calibrated` | shared with | switch | source |
| --- | --- | --- | --- | --- | --- | --- | --- |
"""


def page() -> str:
    """Return the page of registers, Markdown."""
    rows = []
    for name, register in Registers.declarations().items():
        declared = register.metadata
        cell = ("A" if name.startswith("i_") else "V") if declared["capmem"] else ""
        columns = (
            f"`{name}`",
            " x ".join(map(str, declared["shape"])) or "1",
            f"{declared['low']} to {declared['high']}",
            str(declared["default"]),
            cell,
            declared["says"],
        )
        rows.append(f"| {' | '.join(columns)} |\n")
    return _HEAD + "".join(rows)


def with_sheet(text: str) -> str:
    """Return a page, Markdown, with the table of the silicon's parameters in place of what follows the mark."""
    kept, mark, _ = text.partition(_MARK)
    if not mark:
        raise SystemExit(f"the page has no line {_MARK.strip()!r}: put it where the table shall stand, at the end")
    return kept + mark + _SHEET_HEAD + "".join(_sheet_row(row) for row in SHEET.rows.values())


def _sheet_row(row: Row) -> str:
    spread = ""
    if row.spread:
        spread = f"{row.spread:.3g}" if row.law == "offset" else f"{100 * row.spread:.3g} %"
        spread += " of the logarithm" if row.law == "log" else ""
    columns = (
        f"`{row.name}`",
        row.unit,
        f"{row.mean:.5g}",
        spread,
        f"{row.calibrated:.3g}" if row.spread else "",
        f"`{row.correlation[0]}` {row.correlation[1]:g}" if row.correlation else "",
        f"`{row.switch}`" if row.switch else "",
        row.source,
    )
    return f"| {' | '.join(columns)} |\n"


if __name__ == "__main__":
    if sys.argv[1:]:
        path = Path(sys.argv[1])
        path.write_text(with_sheet(path.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print(page(), end="")
