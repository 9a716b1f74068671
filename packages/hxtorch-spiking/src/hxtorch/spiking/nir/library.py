"""The library that defines the representation, and values of its nodes."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from hxtorch.spiking.errors import NIRConversionError


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


def array(value: Any, name: str, key: str) -> np.ndarray:
    """Return a parameter of a node as float64.

    Raises:
        NIRConversionError: It is not made of finite numbers.
    """
    try:
        values = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value, np.float64)
    except (TypeError, ValueError):
        shown = repr(value)[:40]
        raise NIRConversionError(f"node {name!r}, {key}: got {shown}, wanted numbers") from None
    if isinstance(value, (str, bytes)) or getattr(np.asarray(value).dtype, "kind", "f") in "SU":
        raise NIRConversionError(f"node {name!r}, {key}: got text, wanted numbers")
    if not np.isfinite(values).all():
        raise NIRConversionError(f"node {name!r}, {key}: holds NaN or infinity, wanted finite numbers")
    return values
