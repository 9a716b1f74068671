"""Properties that are made once for each object."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class cached_property(Generic[T]):  # noqa: N801 - as the one of functools
    """A property that is made once for each object, without a lock.

    That of functools has one for all objects of a class up to Python 3.11: a child forked while another thread held it
    would wait for ever. Two threads may make a value at the same time here; it is the same.
    """

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make, self._name = make, make.__name__
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, owner: None, kind: type) -> cached_property[T]: ...

    @overload
    def __get__(self, owner: object, kind: type) -> T: ...

    def __get__(self, owner: Any, kind: type) -> cached_property[T] | T:
        if owner is None:
            return self
        value: T = self._make(owner)
        owner.__dict__[self._name] = value
        return value
