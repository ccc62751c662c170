"""From a document to a kind: the shape is judged here, every fault at once, nothing dropped in silence.

`decode` always gives back as much of the object as can be understood, beside the faults, so that
`admission` can go on and name what is wrong in the rest of the same file.
"""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Generic, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from munshi.api.experiment import Experiment
from munshi.api.meta import GROUP, HOME, V1ALPHA3, ConfigMap, Resource
from munshi.api.suggestion import Suggestion
from munshi.api.trial import Trial
from munshi.api.wire import Json
from munshi.errors import FieldFault, Invalid, Path

R = TypeVar("R", bound=Resource)

_LONGEST_NUMBER = 20

KINDS: Mapping[str, type[Resource]] = {
    "Experiment": Experiment,
    "Suggestion": Suggestion,
    "Trial": Trial,
    "ConfigMap": ConfigMap,
}


@dataclass(frozen=True, slots=True)
class Decoded(Generic[R]):
    """What was understood, and what was not; without faults, `value` is the whole document."""

    value: R
    faults: tuple[FieldFault, ...] = ()


def kind_of(document: Json) -> type[Resource]:
    """Which kind a document says it is.

    Raises:
        Invalid: It is not an object, or of a kind or version that munshi does not know.
    """
    if not isinstance(document, dict):
        mend = "write apiVersion, kind, metadata and spec"
        raise Invalid(
            [FieldFault((), f"a Kubernetes object is wanted, got {_shape(document)}", mend)]
        )
    kind, version = document.get("kind"), document.get("apiVersion")
    faults = []
    model = KINDS.get(kind) if isinstance(kind, str) else None
    if model is None:
        faults.append(FieldFault(("kind",), *_unknown("kind", kind, ("Experiment", "ConfigMap"))))
    elif version not in (expected := _versions(model)):
        faults.append(FieldFault(("apiVersion",), *_unknown("version", version, expected)))
    if faults or model is None:
        raise Invalid(faults)
    return model


def decode(document: Json, model: type[R]) -> Decoded[R]:
    """Read a document as `model`, with a fault for every field that is unknown or of the wrong shape."""
    faults: list[FieldFault] = []
    rest = document
    while True:
        try:
            return Decoded(model.model_validate(rest), tuple(faults))
        except ValidationError as error:
            found = error.errors()
            faults += [_fault(model, detail) for detail in found]
            rest = _without(rest, [detail["loc"] for detail in found])


def read(document: Json, model: type[R]) -> R:
    """Read a document that must be right.

    Raises:
        Invalid: With every fault of shape.
    """
    decoded = decode(document, model)
    if decoded.faults:
        raise Invalid(decoded.faults)
    return decoded.value


def suggest(word: object, known: Iterable[str]) -> str:
    """`did you mean "tpe"?`, or else the words that are known."""
    names = [name for name in known if name]
    lowered = {name.lower(): name for name in names}
    near = difflib.get_close_matches(str(word).lower(), lowered, n=1, cutoff=0.6)
    if near:
        return f'did you mean "{lowered[near[0]]}"?'
    return f"known: {', '.join(names)}"


def _versions(model: type[Resource]) -> tuple[str, ...]:
    return ("v1",) if model is ConfigMap else (HOME, V1ALPHA3)


def _unknown(what: str, got: object, known: tuple[str, ...]) -> tuple[str, str]:
    if got is None:
        return f"is missing: the document does not say its {what}", f"write {' or '.join(known)}"
    if what == "version" and isinstance(got, str) and got.startswith(f"{GROUP}/"):
        return f'"{got}" is not a version munshi speaks', f"write {' or '.join(known)}"
    return f'"{got}" is unknown', suggest(got, known)


def _fault(model: type[BaseModel], detail: ErrorDetails) -> FieldFault:
    path: Path = detail["loc"]
    got = detail["input"]
    match detail["type"]:
        case "extra_forbidden":
            here = _model_at(model, path[:-1])
            known = [field.alias or name for name, field in here.model_fields.items()]
            return FieldFault(path, "unknown field", suggest(path[-1], known), of_key=True)
        case "enum":
            choices = _enum_values(model, path)
            return FieldFault(
                path, f"{_quoted(got)} is not one of its values", suggest(got, choices)
            )
        case "text_from_bool" | "string_type" | "string_sub_type":
            return FieldFault(path, f"text is wanted, got {_shape(got)}", _quote_it(got))
        case "int_type" | "int_from_float" | "int_parsing_size":
            return FieldFault(path, f"a whole number is wanted, got {_shape(got)}", _unquote(got))
        case "number_wanted":
            return FieldFault(path, f"a number is wanted, got {_shape(got)}", _unquote(got))
        case "bool_type":
            return FieldFault(path, f"true or false is wanted, got {_shape(got)}")
        case "time_wanted":
            mend = "write it like 2026-01-31T12:00:00Z"
            return FieldFault(path, f"an RFC 3339 time is wanted, got {_shape(got)}", mend)
        case "tuple_type" | "list_type":
            mend = "begin each item with a dash"
            return FieldFault(path, f"a list is wanted, got {_shape(got)}", mend)
        case _:
            mend = "write its fields below it"
            return FieldFault(path, f"an object is wanted, got {_shape(got)}", mend)


def _shape(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the text {_quoted(value)}"
        case list() | tuple():
            return "a list"
        case _:
            return "an object"


def _quoted(value: object) -> str:
    text = str(value)
    return f'"{text}"' if len(text) <= 60 else f'"{text[:57]}…"'


def _quote_it(got: object) -> str:
    if isinstance(got, bool):
        return "YAML reads y, n, yes, no, on, off, true and false as truth values; put the word in quotes"
    return "" if isinstance(got, dict | list) else "write text"


def _unquote(got: object) -> str:
    if isinstance(got, str) and len(got) > _LONGEST_NUMBER and got.isdigit():
        return f"write a number of at most {_LONGEST_NUMBER} digits"  # even unquoted it is text
    return "write it without quotes" if isinstance(got, str) and got.strip() else ""


def _model_at(model: type[BaseModel], path: Path) -> type[BaseModel]:
    here = model
    for step in path:
        if isinstance(step, str):
            inner = _field_type(here, step)
            here = inner if isinstance(inner, type) and issubclass(inner, BaseModel) else here
    return here


def _enum_values(model: type[BaseModel], path: Path) -> list[str]:
    names = [step for step in path if isinstance(step, str)]
    inner = _field_type(_model_at(model, tuple(names[:-1])), names[-1])
    values = (
        [item.value for item in inner]
        if isinstance(inner, type) and issubclass(inner, StrEnum)
        else []
    )
    return [value for value in values if value not in ("", "unknown", "Invalid", "None")]


def _field_type(model: type[BaseModel], alias: str) -> Any:  # noqa: ANN401 - a type, any type
    for name, field in model.model_fields.items():
        if alias in (field.alias, name):
            return _bare(field.annotation)
    return None


def _bare(annotation: Any) -> Any:  # noqa: ANN401 - a type, any type
    """The type inside Optional, tuple[…, ...] and Annotated."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _bare(get_args(annotation)[0])
    if origin is tuple or origin is types.UnionType or str(origin) == "typing.Union":
        inner = [arg for arg in get_args(annotation) if arg not in (type(None), Ellipsis)]
        return _bare(inner[0])
    return annotation


def _without(document: Json, paths: list[Path]) -> Json:
    """The document without what stands at those paths; a list loses all its items, lest indexes shift."""
    if any(not path for path in paths) or not isinstance(document, dict):
        return {}
    kept: dict[str, Json] = {}
    for key, value in document.items():
        below = [path[1:] for path in paths if path[0] == key]
        if not below:
            kept[key] = value
        elif any(not path for path in below):
            continue
        elif isinstance(value, list):
            if all(len(path) > 1 for path in below):
                kept[key] = [
                    _without(item, inner)
                    if (inner := [path[1:] for path in below if path[0] == index])
                    else item
                    for index, item in enumerate(value)
                ]
        else:
            kept[key] = _without(value, below)
    return kept
