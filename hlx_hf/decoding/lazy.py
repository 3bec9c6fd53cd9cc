"""Attributes that are worked out when they are first asked for, by any thread."""

from collections.abc import Callable
from typing import Any


class LazyProperty:
    """`functools.cached_property` without its lock.

    That of Python 3.11 is one for all objects of a class, so that threads which work out attributes that ask for one
    another can wait for each other for ever. Here two threads may work out the same value, and either is kept.
    """

    def __init__(self, work_out: Callable[[Any], Any]):
        self.work_out = work_out
        self.__doc__ = work_out.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        value = vars(instance)[self.name] = self.work_out(instance)
        return value
