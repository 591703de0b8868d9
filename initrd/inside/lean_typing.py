"""The initrd's `typing`: the names that the launcher uses, without what only a type checker asks for.

The standard one takes more time before the first screen than any other module does. Annotations are never looked at
here, and what stands in brackets says nothing to Python. What is not here is an ImportError while the initrd is built,
for the builder imports every module.
"""

from __future__ import annotations

from operator import itemgetter

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
    """Makes of each class below `NamedTuple` a tuple with names. (`collections.namedtuple` compiles source text.)"""

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, object]) -> type:
        if not bases:
            return super().__new__(mcs, name, bases, namespace)
        fields = tuple(namespace.get("__annotations__", ()))  # type: ignore[arg-type, var-annotated]
        defaults = {field: namespace[field] for field in fields if field in namespace}
        places = {field: property(itemgetter(place)) for place, field in enumerate(fields)}
        return type(name, (tuple,), _methods(fields, defaults) | namespace | places)


class NamedTuple(metaclass=_NamedTupleType):
    """As the standard one, for classes that name their fields by annotations."""


Values = tuple[object, ...]


def _methods(fields: tuple[str, ...], defaults: dict[str, object]) -> dict[str, object]:
    """What a tuple of these fields has besides them."""
    count = len(fields)

    def new(cls: type[Values], /, *given: object, **named: object) -> Values:
        if len(given) < count or named:
            values, later = {**defaults, **named}, fields[len(given) :]
            if not (values.keys() >= set(later) and named.keys() <= set(later)):
                raise TypeError(f"{cls.__qualname__} takes {', '.join(fields)}; given were {given} and {named}")
            given += tuple([values[field] for field in later])
        elif len(given) > count:
            raise TypeError(f"{cls.__qualname__} takes {count} values, and {len(given)} were given")
        return tuple.__new__(cls, given)

    def whole(self: Values) -> Values:
        return tuple(self)

    def asdict(self: Values) -> dict[str, object]:
        return dict(zip(fields, self, strict=True))

    def shown(self: Values) -> str:
        return f"{type(self).__name__}({', '.join([f'{name}={value!r}' for name, value in asdict(self).items()])})"

    def replace(self: Values, /, **changes: object) -> object:
        return new(type(self), **{**asdict(self), **changes})

    return {
        "__slots__": (),
        "__match_args__": fields,
        "__new__": new,
        "__getnewargs__": whole,
        "__repr__": shown,
        "_fields": fields,
        "_field_defaults": defaults,
        "_make": classmethod(lambda cls, values: cls(*values)),
        "_asdict": asdict,
        "_replace": replace,
    }
