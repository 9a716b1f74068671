"""A chip for as long as something needs one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import hxtorch
from hxtorch.core import NoConnectionError, current_session


@contextmanager
def connected() -> Iterator[None]:
    """Open a chip, and release it afterwards, unless one is open, which stays as it is."""
    try:
        current_session()
    except NoConnectionError:
        hxtorch.init_hardware()
    else:
        yield
        return
    try:
        yield
    finally:
        hxtorch.release_hardware()
