"""The base of everything that travels: camelCase outside, snake_case inside, frozen, nothing dropped.

Every model of this room mirrors one object of the Katib API contract (§2–§5). Zero values mean "not
said", as in Go: a field that was never written has its zero value (empty text, empty tuple, None) and is
left out again when the object is written. Defaults are filled by `admission`, never here, so that a
document read and written is the document that came in.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    StrictBool,
    StrictInt,
    WrapValidator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

Json: TypeAlias = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
"""Anything a JSON document may hold."""

Object: TypeAlias = dict[str, Any]
"""A JSON object whose inside belongs to somebody else (a Job, a Container): kept as it came."""


def _text(value: object) -> object:
    """Numbers where text is meant (`min: 0.01`) are what the author meant: the shortest text of them."""
    if isinstance(value, bool):
        raise PydanticCustomError("text_from_bool", "a true/false where text is meant")
    if isinstance(value, int | float):
        return repr(value)
    return value


def _number(value: Any) -> float:  # noqa: ANN401 - whatever the document held
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PydanticCustomError("number_wanted", "not a number")
    return float(value)


def _time(value: Any) -> datetime:  # noqa: ANN401 - whatever the document held
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("time_wanted", "not a time")
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("time_wanted", "not a time") from None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def write_time(value: datetime) -> str:
    """RFC 3339 in UTC; a fraction only when there is one."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


Text = Annotated[str, BeforeValidator(_text)]
Count = StrictInt
Flag = StrictBool
Number = Annotated[float, WrapValidator(lambda value, _: _number(value))]
Time = Annotated[
    datetime,
    WrapValidator(lambda value, _: _time(value)),
    PlainSerializer(write_time, when_used="json"),
]


class Wire(BaseModel):
    """One object of the wire: unknown fields are faults, and a read object cannot change."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        extra="forbid",
        frozen=True,
        use_enum_values=False,
    )

    def dump(self) -> Object:
        """The JSON form: camelCase, without what was never said."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
