"""The library that defines the representation, and values of its nodes."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from hxtorch.core.memory import require_memory
from hxtorch.spiking.errors import NIRConversionError

_NO_NUMBERS = {"S": "text", "U": "text", "c": "complex ones"}  # by the kind of an array


def nir_library() -> Any:
    """Return the module ``nir``.

    Raises:
        ImportError: It is not installed.
    """
    try:
        return import_module("nir")
    except ImportError as error:
        raise ImportError("NIR graphs need the library nir; install it by: pip install nir") from error


def of_class(node: Any, *names: str) -> bool:
    """Return whether a node is of one of the named classes."""
    nir = nir_library()
    return isinstance(node, tuple(getattr(nir, name) for name in names))


def require_room(name: str, rows: int, columns: int) -> None:
    """Refuse a matrix of a node that does not fit into memory (``MemoryLimitError``)."""
    require_memory(f"node {name!r}", 8 * columns, rows, "take fewer neurons", "rows of numbers")


def array(value: Any, name: str, key: str) -> np.ndarray:
    """Return a parameter of a node as float64.

    Raises:
        NIRConversionError: It is not made of finite real numbers, or masked.
        MemoryLimitError: There is no room for it; views of few numbers may be large.
    """
    try:
        given = np.asanyarray(value.detach().cpu() if hasattr(value, "detach") else value)
        found = "a masked array" if isinstance(given, np.ma.MaskedArray) else _NO_NUMBERS.get(given.dtype.kind, "")
        if not found:
            require_room(name, given.size, 1)
            values = np.asarray(given, np.float64)
        elif given.ndim == 0:
            found = repr(value)[:40]
    except (TypeError, ValueError):
        found = repr(value)[:40]
    if found:
        raise NIRConversionError(f"node {name!r}, {key}: got {found}, wanted numbers")
    if not np.isfinite(values).all():
        raise NIRConversionError(f"node {name!r}, {key}: holds NaN or infinity, wanted finite numbers")
    return values
