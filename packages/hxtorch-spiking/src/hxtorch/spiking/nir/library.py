"""The library that defines the representation."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def nir_library() -> Any:
    """Return the module ``nir``.

    Raises:
        ImportError: It is not installed.
    """
    try:
        return import_module("nir")
    except ImportError as error:
        raise ImportError(
            "NIR graphs need the library nir; install it by: pip install 'hxtorch-spiking[nir]'"
        ) from error
