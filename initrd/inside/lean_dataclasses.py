"""The initrd's `dataclasses`: what the launcher uses of it, and nothing that takes time before the first screen.

The standard one imports `inspect` (and with it `ast`, `dis`, `tokenize`), and has Python compile source text for every
class. Here a class gets functions that go over its fields. What is not here, and what is asked for in another way than
the launcher does, is a TypeError or an ImportError while the initrd is built, for the builder imports every module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

MISSING = object()

_FIELDS = "__dataclass_fields__"


class FrozenInstanceError(AttributeError):
    """A field of a frozen value was to be changed."""


class Field:
    """One field; `default` and `default_factory` are MISSING where there is none."""

    def __init__(
        self,
        *,
        default: Any = MISSING,
        default_factory: Any = MISSING,
        repr: bool = True,
        compare: bool = True,
        metadata: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self.name = ""
        self.type: Any = None
        self.default = default
        self.default_factory = default_factory
        self.repr = repr
        self.compare = compare
        self.metadata = metadata


def field(**options: Any) -> Any:
    """As the standard one, with the options of `Field`."""
    return Field(**options)


def dataclass(
    cls: type | None = None,
    /,
    *,
    frozen: bool = False,
    repr: bool = True,
    eq: bool = True,
) -> Any:
    """As the standard one, with these options."""
    if cls is None:
        return lambda decorated: _made(decorated, frozen, repr, eq)
    return _made(cls, frozen, repr, eq)


def _made(cls: type, frozen: bool, shown: bool, eq: bool) -> type:
    found: dict[str, Field] = {}
    for base in reversed(cls.__mro__[1:]):
        found.update(vars(base).get(_FIELDS, {}))
    for name, annotation in cls.__dict__.get("__annotations__", {}).items():  # noqa: RUF063 - its module is dear
        found[name] = _field(cls, name, annotation)
    compared = tuple(name for name, one in found.items() if one.compare)
    methods: dict[str, Any] = {_FIELDS: found, "__match_args__": tuple(found), "__init__": _init(found)}
    if shown:
        methods["__repr__"] = _repr(tuple(name for name, one in found.items() if one.repr))
    if eq:
        methods["__eq__"] = _eq(compared)
    for name, method in methods.items():
        if name not in cls.__dict__ or name == _FIELDS:
            setattr(cls, name, method)
    explicit = cls.__dict__.get("__hash__", None)  # a class that defines __eq__ alone has None there
    if eq and explicit is None:
        setattr(cls, "__hash__", _hash(compared) if frozen else None)  # noqa: B010
    if frozen:
        _freeze(cls, found)
    return cls


def _field(cls: type, name: str, annotation: Any) -> Field:
    if str(annotation).startswith(("ClassVar", "typing.ClassVar", "InitVar", "KW_ONLY")):
        raise TypeError(f"{cls.__qualname__}.{name}: {annotation} is not known here")
    default = cls.__dict__.get(name, MISSING)
    made = default if isinstance(default, Field) else Field(default=default)
    made.name, made.type = name, annotation
    if made.default is not MISSING:
        setattr(cls, name, made.default)
    elif name in cls.__dict__:
        delattr(cls, name)
    return made


def _init(found: dict[str, Field]) -> Callable[..., None]:
    names = tuple(found)
    count = len(names)
    defaults = {name: one.default for name, one in found.items() if one.default is not MISSING}
    factories = {name: one.default_factory for name, one in found.items() if one.default_factory is not MISSING}

    def init(self: Any, /, *given: Any, **named: Any) -> None:
        values = self.__dict__
        if len(given) > count:
            raise TypeError(f"{type(self).__qualname__} takes {count} values, and {len(given)} were given")
        values.update(zip(names, given, strict=False))
        for name in names[len(given) :]:
            if name in named:
                values[name] = named.pop(name)
            elif name in defaults:
                values[name] = defaults[name]
            elif name in factories:
                values[name] = factories[name]()
            else:
                raise TypeError(f"{type(self).__qualname__} needs a value for {name!r}")
        if named:
            raise TypeError(f"{type(self).__qualname__} got {next(iter(named))!r} twice, or does not know it")
        if hasattr(self, "__post_init__"):
            self.__post_init__()

    return init


def _repr(names: tuple[str, ...]) -> Callable[[Any], str]:
    def shown(self: Any) -> str:
        inner = ", ".join([f"{name}={getattr(self, name)!r}" for name in names])
        return f"{type(self).__qualname__}({inner})"

    return shown


def _eq(names: tuple[str, ...]) -> Callable[[Any, Any], Any]:
    def equal(self: Any, other: Any) -> Any:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return _values(self, names) == _values(other, names)

    return equal


def _hash(names: tuple[str, ...]) -> Callable[[Any], int]:
    return lambda self: hash(_values(self, names))


def _values(value: Any, names: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple([getattr(value, name) for name in names])


def _freeze(cls: type, found: dict[str, Field]) -> None:
    def refuse_set(self: Any, name: str, value: object) -> None:
        if type(self) is cls or name in found:
            raise FrozenInstanceError(f"cannot assign to field {name!r}")
        super(cls, self).__setattr__(name, value)  # type: ignore[arg-type]

    def refuse_delete(self: Any, name: str) -> None:
        if type(self) is cls or name in found:
            raise FrozenInstanceError(f"cannot delete field {name!r}")
        super(cls, self).__delattr__(name)  # type: ignore[arg-type]

    setattr(cls, "__setattr__", refuse_set)  # noqa: B010
    setattr(cls, "__delattr__", refuse_delete)  # noqa: B010


def fields(value: Any) -> tuple[Field, ...]:
    """As the standard one."""
    try:
        return tuple(getattr(value, _FIELDS).values())
    except AttributeError:
        raise TypeError("must be called with a dataclass type or instance") from None


def is_dataclass(value: Any) -> bool:
    """As the standard one."""
    return hasattr(value if isinstance(value, type) else type(value), _FIELDS)


def replace(value: Any, /, **changes: Any) -> Any:
    """As the standard one."""
    if isinstance(value, type) or not is_dataclass(value):
        raise TypeError("replace() should be called on dataclass instances")
    return type(value)(**{**{one.name: getattr(value, one.name) for one in fields(value)}, **changes})


def asdict(value: Any) -> dict[str, Any]:
    """As the standard one; what cannot be changed is not copied."""
    if isinstance(value, type) or not is_dataclass(value):
        raise TypeError("asdict() should be called on dataclass instances")
    return dict(_items(value))


def _items(value: Any) -> Iterator[tuple[str, Any]]:
    for one in fields(value):
        yield one.name, _plain(getattr(value, one.name))


def _plain(value: Any) -> Any:
    if not isinstance(value, type) and is_dataclass(value):
        return dict(_items(value))
    if isinstance(value, list | tuple):
        made = [_plain(inner) for inner in value]
        return type(value)(*made) if hasattr(value, "_fields") else type(value)(made)
    if isinstance(value, dict):
        return type(value)((_plain(key), _plain(inner)) for key, inner in value.items())
    return value
