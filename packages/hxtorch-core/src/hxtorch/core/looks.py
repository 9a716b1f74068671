"""How objects look in a console and in a notebook: shapes and units, never arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from html import escape
from typing import Any


def shown(value: Any) -> str:
    """Return one short line for a value: type and shape of an array or tensor, the size of a mapping, else its repr."""
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"{str(value.dtype).removeprefix('torch.')} ({', '.join(map(str, value.shape))})"
    if isinstance(value, Mapping):
        return f"{len(value)} entries"
    return repr(value)


def table(title: str, head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a table as HTML.

    Args:
        title: Above the table.
        head: Names of the columns.
        rows: Their contents, row by row; texts are escaped.
    """

    def row(cells: Iterable[object], kind: str) -> str:
        return "<tr>" + "".join(f"<{kind}>{escape(str(cell))}</{kind}>" for cell in cells) + "</tr>"

    body = "".join(row(cells, "td") for cells in rows)
    return f"<table><caption>{escape(title)}</caption><thead>{row(head, 'th')}</thead><tbody>{body}</tbody></table>"


class Looks:
    """Base of data classes (with ``repr=False``) whose arrays are shown by type and shape."""

    def _rows(self) -> list[tuple[str, str]]:
        """Return name and look of each field that is set."""
        found = ((declared.name, getattr(self, declared.name)) for declared in fields(self))  # type: ignore[arg-type]
        return [(name, shown(value)) for name, value in found if value is not None]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={text}' for name, text in self._rows())})"

    def _repr_html_(self) -> str:
        return table(type(self).__name__, ("field", "value"), self._rows())
