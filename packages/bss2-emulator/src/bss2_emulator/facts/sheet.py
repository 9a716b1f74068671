"""The sheet of the silicon: what the circuits of a chip are on average, and by how much they differ.

One table, ``sheet.csv`` beside this file; constants, mismatch and the page of the documentation come from it. A user
with measured values hands another one to :class:`bss2_emulator.Chip`; rows that it leaves out keep their values.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
import os
import stat
from collections import Counter
from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Final, NamedTuple

from bss2_emulator.arguments import checked
from bss2_emulator.errors import SheetError

COLUMNS: Final = ("name", "unit", "mean", "spread", "law", "calibrated", "correlation", "switch", "source")
LAWS: Final = ("offset", "factor", "log")
_LARGEST: Final = 1 << 17  # bytes; the default one has 6000
LONGEST: Final = {"comparator": 1e-7}  # s, for which the lists of the kernels have room


class Row(NamedTuple):
    """One parameter of the silicon model.

    Attributes:
        name: Of the parameter; numbers that a chip draws for it follow from the name.
        unit: Of mean and, where the law is ``offset``, of the spread.
        mean: Of all chips.
        spread: Standard deviation over the places of one uncalibrated chip; 0: all are alike.
        law: How it spreads: ``offset`` (mean + spread z), ``factor`` (mean (1 + spread z)) or ``log``
            (mean exp(spread z)), z standard normal; empty where nothing spreads.
        calibrated: Share of the spread that is left in ``calibrated`` fidelity, 0 to 1.
        correlation: Parameter whose numbers it shares, and how much; its own name: between its two sides.
        switch: Imperfection that takes spread or effect away, see :class:`bss2_emulator.Imperfections`; empty: none.
        source: Section of ``docs/chip.md``, or ``assumption``.
    """

    name: str
    unit: str
    mean: float
    spread: float = 0.0
    law: str = ""
    calibrated: float = 1.0
    correlation: tuple[str, float] | None = None
    switch: str = ""
    source: str = ""


@checked
class Sheet:
    """A legal table of all parameters.

    Args:
        rows: Of parameters that the default sheet has, which they replace.

    Raises:
        SheetError: A row is not legal; the text names row and column.
    """

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self._rows = dict(_DEFAULT)
        for row in rows:
            _check(row, _DEFAULT)
            self._rows[row.name] = row

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sheet) and self._rows == other._rows

    def __hash__(self) -> int:
        return hash(tuple(self._rows.values()))

    @property
    def rows(self) -> Mapping[str, Row]:
        """Rows by name, in the order of the default sheet."""
        return self._rows

    @property
    def digest(self) -> str:
        """Name of these values: 16 hexadecimal digits, equal for equal sheets everywhere."""
        return hashlib.blake2b(repr(list(self._rows.values())).encode(), digest_size=8).hexdigest()

    def mean(self, name: str) -> float:
        """Return the mean of a parameter, in its unit."""
        return self._rows[name].mean

    def correlation(self, name: str) -> float:
        """Return how much a parameter is correlated with what its row says, 0 if with nothing."""
        shared = self._rows[name].correlation
        return shared[1] if shared else 0.0

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Sheet:
        """Read a sheet from a CSV file with the columns of the default one; rows may be left out.

        Raises:
            SheetError: The file can not be read or holds something else; the text names row and column.
        """
        try:
            text = _read(path).decode()
        except UnicodeDecodeError as error:
            raise SheetError(f"sheet {path}: not UTF-8 text; wanted a CSV file") from error
        except (OSError, ValueError) as error:  # there are names that no file can have
            raise SheetError(f"sheet {path}: cannot be read: {error}; wanted a CSV file") from error
        return cls(read_rows(text, str(path)))


def _read(path: str | PathLike[str]) -> bytes:
    """Return the content of a file of bounded size; a pipe would be waited for, a device would not end."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST:
            raise SheetError(f"sheet {path}: wanted a regular file of at most {_LARGEST} bytes")
        return file.read(_LARGEST)


def read_rows(text: str, origin: str) -> list[Row]:
    """Return the rows of a table.

    Args:
        text: CSV with a line of column names.
        origin: Named in errors.

    Raises:
        SheetError: It is not such a table.
    """
    try:
        table = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise SheetError(f"sheet {origin}: not CSV: {error}") from error
    if not table or tuple(table[0]) != COLUMNS:
        raise SheetError(f"sheet {origin}: got columns {table[0] if table else []}, wanted {','.join(COLUMNS)}")
    rows = [_row(cells, f"sheet {origin}, row {number}") for number, cells in enumerate(table[1:], 2) if cells]
    twice = [name for name, count in Counter(row.name for row in rows).items() if count > 1]
    if twice:
        raise SheetError(f"sheet {origin}: got {min(twice)!r} twice, wanted one row for each parameter")
    return rows


def _row(cells: list[str], where: str) -> Row:
    if len(cells) != len(COLUMNS):
        raise SheetError(f"{where}: got {len(cells)} columns, wanted {len(COLUMNS)}")
    given = dict(zip(COLUMNS, cells, strict=True))
    where = f"{where} ({given['name']})"
    shared = None
    if given["correlation"]:
        other, _, rho = given["correlation"].rpartition(" ")
        shared = (other, _number(rho, where, "correlation"))
    return Row(
        given["name"],
        given["unit"],
        _number(given["mean"], where, "mean"),
        _number(given["spread"] or "0", where, "spread"),
        given["law"],
        _number(given["calibrated"] or "1", where, "calibrated"),
        shared,
        given["switch"],
        given["source"],
    )


def _number(text: str, where: str, column: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise SheetError(f"{where}, {column}: got {text!r}, wanted a number") from None


def _check(row: Row, known: Mapping[str, Row]) -> None:
    """Refuse a row that does not replace the one of its name."""
    if not isinstance(row, Row):
        raise SheetError(f"sheet, rows: got {type(row).__name__}, wanted rows, each a Row")
    if row.name not in known:
        raise SheetError(f"sheet, name: got {row.name!r}, wanted one of {', '.join(known)}")
    own, where = known[row.name], f"sheet, {row.name}"
    numbers = {"mean": row.mean, "spread": row.spread, "calibrated": row.calibrated}
    if row.correlation:
        numbers["correlation"] = row.correlation[1]
    for column, value in numbers.items():
        if not math.isfinite(value):
            raise SheetError(f"{where}, {column}: got {value}, wanted a finite number")
    if not 0 <= row.calibrated <= 1:
        raise SheetError(f"{where}, calibrated: got {row.calibrated}, wanted a share from 0 to 1")
    if row.spread < 0:
        raise SheetError(f"{where}, spread: got {row.spread}, wanted a standard deviation, 0 or more")
    if own.mean > 0 >= row.mean:
        raise SheetError(f"{where}, mean: got {row.mean}, wanted a positive number")
    if row.mean > LONGEST.get(row.name, math.inf):
        raise SheetError(f"{where}, mean: got {row.mean}, wanted at most {LONGEST[row.name]}")
    if own.spread and own.mean in (0, 1) and row.mean != own.mean:
        raise SheetError(f"{where}, mean: got {row.mean}, wanted {own.mean:g}: it is only how others differ")
    for column in ("unit", "law", "switch"):
        if getattr(row, column) != getattr(own, column):
            raise SheetError(f"{where}, {column}: got {getattr(row, column)!r}, wanted {getattr(own, column)!r}")
    partner, theirs = (shared[0] if shared else "" for shared in (row.correlation, own.correlation))
    if partner != theirs or (row.correlation and not -1 <= row.correlation[1] <= 1):
        raise SheetError(f"{where}, correlation: got {row.correlation}, wanted {theirs or 'none'} and -1 to 1")


_DEFAULT: Final = {row.name: row for row in read_rows(
    (Path(__file__).parent / "sheet.csv").read_text(encoding="utf-8"), "sheet.csv"
)}  # fmt: skip
SHEET: Final = Sheet()
