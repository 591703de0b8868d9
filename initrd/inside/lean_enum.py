"""The initrd's `enum`: what the launcher, `re`, `signal`, `socket` and `ast` use of it.

The standard one is made of enums itself, and looks at each member in many ways, which takes time before the first
screen. Here a class gets its members by one loop. What is not here is an ImportError while the initrd is built, for the
builder imports every module. A flag that is put together of several is a plain number.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

KEEP = "keep"


class auto:
    """One more than the member before."""


class EnumType(type):
    """Makes of what is assigned in a class its members: all but methods and other descriptors, and names that begin
    with an underscore."""

    _member_map_: dict[str, Any]
    _value2member_map_: dict[Any, Any]

    def __new__(meta, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: object) -> EnumType:
        values = {key: value for key, value in namespace.items() if key[0] != "_" and not hasattr(value, "__get__")}
        cls = super().__new__(meta, name, bases, {key: namespace[key] for key in namespace if key not in values})
        cls._member_map_ = {}  # by name, second names as well
        cls._value2member_map_ = {}
        last = 0
        for key, value in values.items():
            last = last + 1 if isinstance(value, auto) else value
            _add(cls, key, last)
        return cls

    def __call__(cls, value: Any) -> Any:
        if isinstance(value, cls):
            return value
        try:
            return cls._value2member_map_[value]
        except KeyError:
            raise ValueError(f"{value!r} is not a valid {cls.__qualname__}") from None

    def __iter__(cls) -> Iterator[Any]:
        for name, member in cls._member_map_.items():
            if member._name_ == name:
                yield member

    def __reversed__(cls) -> Iterator[Any]:
        yield from [*cls][::-1]

    def __len__(cls) -> int:
        return sum(1 for _ in cls)

    def __bool__(cls) -> bool:
        return True

    def __contains__(cls, member: object) -> bool:
        return isinstance(member, cls)

    def __getitem__(cls, name: str) -> Any:
        return cls._member_map_[name]

    @property
    def __members__(cls) -> dict[str, Any]:
        return dict(cls._member_map_)

    def __repr__(cls) -> str:
        return f"<enum {cls.__name__!r}>"


EnumMeta = EnumType


def _add(cls: Any, name: str, value: Any) -> None:
    """Give `cls` one more member, or one more name for a member."""
    values = value if isinstance(value, tuple) else (value,)
    member = cls.__new__(cls, *values) if cls.__new__ is not object.__new__ else object.__new__(cls)
    if not hasattr(member, "_value_"):
        member._value_ = value
    member._name_ = name
    member = cls._value2member_map_.setdefault(member._value_, member)
    cls._member_map_[name] = member
    setattr(cls, name, member)


class Enum(metaclass=EnumType):
    """As the standard one."""

    _name_: str
    _value_: Any

    @property
    def name(self) -> str:
        return self._name_

    @property
    def value(self) -> Any:
        return self._value_

    def __repr__(self) -> str:
        return f"<{type(self).__name__}.{self.name}: {self.value!r}>"

    def __str__(self) -> str:
        return f"{type(self).__name__}.{self.name}"

    def __format__(self, form: str) -> str:
        return format(str(self), form)

    def __hash__(self) -> int:
        return hash(self._name_)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return type(self), (self.value,)

    def __copy__(self) -> Enum:
        return self

    def __deepcopy__(self, memo: object) -> Enum:
        return self


class IntEnum(int, Enum):
    """As the standard one."""

    __repr__ = Enum.__repr__
    __str__ = int.__repr__
    __format__ = int.__format__  # type: ignore[assignment]
    __hash__ = int.__hash__

    @classmethod
    def _convert_(cls, name: str, module: str, wanted: Callable[[str], bool], source: Any = None) -> EnumType:
        """The names of `module` that are `wanted` as members of a new enum there; they are its names from then on."""
        into = vars(sys.modules[module])
        found = {key: value for key, value in vars(source or sys.modules[module]).items() if wanted(key)}
        made = EnumType(name, (cls,), {"__module__": module, **dict(sorted(found.items(), key=lambda row: row[::-1]))})
        into.update(made.__members__)
        into[name] = made
        return made


class IntFlag(IntEnum):
    """Numbers with names; what is put together of several is a number."""


def unique(cls: Any) -> Any:
    """As the standard one."""
    twice = [name for name, member in cls.__members__.items() if member.name != name]
    if twice:
        raise ValueError(f"{cls!r} has two names for {', '.join(twice)}")
    return cls


def global_enum(cls: Any) -> Any:
    """The members are names of the module as well."""
    vars(sys.modules[cls.__module__]).update(cls.__members__)
    return cls


def _simple_enum(base: Any, **options: object) -> Callable[[type], EnumType]:
    def made(cls: type) -> EnumType:
        names = {key: value for key, value in vars(cls).items() if key not in ("__dict__", "__weakref__")}
        return EnumType(cls.__name__, (base,), names)

    return made
