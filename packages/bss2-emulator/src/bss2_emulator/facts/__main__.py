"""Print the page of registers: ``python -m bss2_emulator.facts > docs/registers.md``."""

from bss2_emulator.facts.registers import Registers

_HEAD = """# Registers

Everything that a program can write to a chip, by name in a `ChipConfiguration`. Made from the declarations by
`python -m bss2_emulator.facts`. Shapes count neurons (512), quadrants (4), backends (2), hemispheres (2) with their
drivers (128), synapse rows and columns (256), PADI buses (4), background generators (8) and crossbar nodes (20, 12).
Cells of the analog parameter memory are marked by a V or an A for what their 10-bit code stands for.

| register | shape | range | after a reset | cell | what it says |
| --- | --- | --- | --- | --- | --- |
"""


def page() -> str:
    """Return the page, Markdown."""
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


if __name__ == "__main__":
    print(page(), end="")
