"""The initrd's `typing`: the names that the launcher uses, without what only a type checker asks for.

The standard one takes more time before the first screen than any other module does. Annotations are never looked at
here, and what stands in brackets says nothing to Python. What is not here is an ImportError while the initrd is built,
for the builder imports every module.
"""

from __future__ import annotations

from collections import namedtuple

TYPE_CHECKING = False


class Any:
    """Whatever it is."""


BinaryIO = NoReturn = Any


class TypeVar:
    """Only its name."""

    def __init__(self, name: str, *constraints: object, bound: object = None) -> None:
        self.__name__ = name

    def __or__(self, other: object) -> object:
        return self

    __ror__ = __or__


class Generic:
    """A base whose parameters say nothing."""

    def __class_getitem__(cls, parameters: object) -> type:
        return cls


class Protocol(Generic):
    """A base that only says what is expected of a class."""


class _NamedTupleType(type):
    """Makes of each class below `NamedTuple` a tuple with names."""

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, object]) -> type:
        if not bases:
            return super().__new__(mcs, name, bases, namespace)
        fields = list(namespace.get("__annotations__", ()))  # type: ignore[call-overload]
        defaults = [namespace[field] for field in fields if field in namespace]
        made = namedtuple(name, fields, defaults=defaults)  # type: ignore[misc]
        for key, value in namespace.items():
            if key not in (*fields, "__annotations__"):
                setattr(made, key, value)
        return made


class NamedTuple(metaclass=_NamedTupleType):
    """As the standard one, for classes that name their fields by annotations."""
