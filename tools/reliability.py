"""Run the harness for long and write its figures into docs/reliability.md: ``python tools/reliability.py``.

Each part runs in pieces, each in a process of its own. What a piece found is kept in ``outputs/reliability.json``, so
that a run that was stopped goes on where it was; ``--again`` forgets the parts that are asked for. The row of a part in
the table is written anew after each piece; rows of other parts stay as they are. A piece that fails ends the run with
its words: the case is named there.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
JOB = ROOT / "tests" / "robustness" / "harness" / "long_job.py"
SANITIZE = ROOT / "tools" / "sanitize.py"
DOCUMENT = ROOT / "docs" / "reliability.md"
KEPT = ROOT / "outputs" / "reliability.json"
BEGIN, END = "<!-- by tools/reliability.py -->\n\n", "\n<!-- to here -->\n"
ROOMS = "emulator", "core", "calibration", "perceptron", "nn", "snn", "functional", "transforms"


class Part(NamedTuple):
    """What is tried, how often in ``tox run`` and in the long run, and by which pieces."""

    says: str
    short: str
    cases: int
    piece: int


PARTS = {
    "calibration": Part("mutated calibrations", "100", 1_000_000, 25_000),
    "checkpoint": Part("mutated checkpoints", "100", 100_000, 10_000),
    "sequence": Part("mutated sequences", "100", 100_000, 50_000),
    "database": Part("mutated hardware databases", "300", 100_000, 100_000),
    "sheet": Part("mutated sheets of the silicon", "300", 100_000, 50_000),
    "graph": Part("mutated NIR graphs", "300", 100_000, 10_000),
    "images": Part("mutated IDX files", "200", 100_000, 20_000),
    "packed images": Part("mutated IDX files, packed, or mutated as packed", "400", 100_000, 10_000),
    "kill": Part("writers of checkpoints, calibrations and sequences killed, in turns", "12", 150, 150),
    "soak": Part("runs with new experiments, half in mock mode: memory, descriptors, threads", "200", 100_000, 100_000),
    **{
        f"wrong values, {room}": Part(f"wrong values in all arguments of all public callables: {room}", "1 of 23", 1, 1)
        for room in ROOMS
    },
    "registers": Part("random legal registers, under sanitizers of memory", "200; 24 without per Python", 10_000, 100),
    "races": Part("all runs on four threads and from four, under the sanitizer of races", "the pool alone", 1, 1),
}  # fmt: skip


def command(part: str, first: int, last: int) -> list[str]:
    """Return what runs cases of a part."""
    if part == "registers":
        return [str(SANITIZE), "memory", str(last - first), str(first)]
    if part == "races":
        return [str(SANITIZE), "races"]
    return [str(JOB), part, str(first), str(last)]


def run(part: str, first: int, last: int) -> dict[str, Any]:
    """Run a piece and return what it found.

    Raises:
        SystemExit: It failed.
    """
    begun = time.monotonic()
    done = subprocess.run(  # noqa: S603
        [sys.executable, *command(part, first, last)], capture_output=True, text=True, check=False
    )
    seconds = time.monotonic() - begun
    if done.returncode:
        raise SystemExit(f"{part}, {first} to {last}: exit status {done.returncode}\n{done.stderr[-4000:]}")
    figures = {} if part in ("registers", "races") else json.loads(done.stdout)
    return {"first": first, "last": last, "seconds": seconds, "day": str(date.today()), "figures": figures}


def measured(part: str, pieces: list[dict[str, Any]]) -> str:
    """Return the figures of a part in words."""
    count, seconds = sum(piece["last"] - piece["first"] for piece in pieces), sum(piece["seconds"] for piece in pieces)
    total: dict[str, float] = {}
    for piece in pieces:
        for name, value in piece["figures"].items():
            total[name] = total.get(name, 0) + value
    if part.startswith("wrong values"):
        count = int(sum(total.values()))
    found = ", ".join(f"{number(value)} {name}" for name, value in sorted(total.items())) or "no fault"
    done = number(count) if count >= PARTS[part].cases else f"{number(count)} of {number(PARTS[part].cases)}"
    return f"{done} in {number(round(seconds))} s, {max(piece['day'] for piece in pieces)}: {found}"


def number(value: float) -> str:
    """Return a number with spaces between its thousands."""
    return f"{value:,}".replace(",", " ")


def write(kept: dict[str, list[dict[str, Any]]]) -> None:
    """Write the table of the document; parts of which nothing is kept keep their figures."""
    text = DOCUMENT.read_text()
    before, _, rest = text.partition(BEGIN)
    table, _, after = rest.partition(END)
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    old = {row[0]: row[3] for row in rows if len(row) == 4}
    lines = ["| what is tried | in `tox run` | in the long run | measured |", "| --- | --- | --- | --- |"]
    for name, part in PARTS.items():
        found = measured(name, kept[name]) if kept.get(name) else old.get(part.says, "not yet")
        cases = "all" if name.startswith("wrong") else number(part.cases)
        lines.append(f"| {part.says} | {part.short} | {cases} | {found} |")
    DOCUMENT.write_text(f"{before}{BEGIN}" + "\n".join(lines) + f"\n{END}{after}")


def main(parts: list[str], again: bool, minutes: float) -> None:
    """Run what is left of ``parts``; begin no piece after so many minutes."""
    end = time.monotonic() + 60 * minutes
    kept: dict[str, list[dict[str, Any]]] = json.loads(KEPT.read_text()) if KEPT.is_file() else {}
    for part in parts:
        pieces = kept[part] = [] if again else kept.get(part, [])
        while (first := pieces[-1]["last"] if pieces else 0) < PARTS[part].cases:
            if time.monotonic() > end:
                return
            pieces.append(run(part, first, min(first + PARTS[part].piece, PARTS[part].cases)))
            KEPT.parent.mkdir(exist_ok=True)
            KEPT.write_text(json.dumps(kept))
            write(kept)
            print(f"{part}: {measured(part, pieces)}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all if none is given")
    parser.add_argument("--again", action="store_true", help="run what is done already, too")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin nothing after so many")
    asked = parser.parse_args()
    unknown = set(asked.parts) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    main(asked.parts or list(PARTS), asked.again, asked.minutes)
