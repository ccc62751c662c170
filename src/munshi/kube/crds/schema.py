"""A model of `api` becomes a structural schema (apiextensions.k8s.io/v1).

The types say the shape, the docstrings the descriptions, and `limits` and `rules` the rest, by the field's
path: `spec.parameters[].name`. A field or model without words is an error, so nothing is left unexplained.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Union, get_args, get_origin

from munshi.api.meta import ObjectMeta
from munshi.api.wire import Object, Wire
from munshi.kube.crds import words

Additions = Callable[[str], Object]
"""What the schema says at a path beyond the model; an empty object for nothing."""

_OBJECT: Object = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def of(model: type[Wire], additions: Additions) -> Object:
    """The schema of a kind.

    Args:
        model: The kind's model.
        additions: Asked for every path once, the root being the empty one.

    Raises:
        LookupError: A field, or the model of an object that stands in a list, has no description.
    """
    return _model(model, "", words.of(model).summary, additions)


def _model(model: type[Wire], path: str, description: str, additions: Additions) -> Object:
    said = words.of(model).fields
    properties: Object = {}
    for name, field in model.model_fields.items():
        wire = field.alias or name
        if name not in said:
            problem = f"{model.__name__}.{name} has no description"
            raise LookupError(problem)
        inner = f"{path}.{wire}" if path else wire
        properties[wire] = _value(field.annotation, inner, said[name], additions)
    shape = {"type": "object", "description": description, "properties": properties}
    return _with(shape, additions(path))


def _value(annotation: Any, path: str, description: str, additions: Additions) -> Object:  # noqa: ANN401 - a type, any type
    kind = _bare(annotation)
    origin, arguments = get_origin(kind), get_args(kind)
    if isinstance(kind, type) and issubclass(kind, ObjectMeta):
        return _with({"type": "object"}, additions(path))  # the API server has words of its own
    if isinstance(kind, type) and issubclass(kind, Wire):
        summary = words.of(kind).summary
        return _model(kind, path, _paragraphs(description, summary), additions)
    if origin is tuple:
        items = _value(arguments[0], f"{path}[]", "", additions)
        shape: Object = {"type": "array", "items": items, "x-kubernetes-list-type": "atomic"}
    elif kind == Object:
        shape = dict(_OBJECT)
    elif origin is dict:
        shape = {"type": "object", "additionalProperties": {"type": "string"}}
    else:
        shape = _scalar(kind)
    if description:
        shape = {"description": description, **shape}
    return _with(shape, additions(path))


def _paragraphs(*parts: str) -> str:
    """The parts that say something, none twice: a field is often said in its model's own words."""
    told: list[str] = []
    for part in parts:
        if part and not any(other.startswith(part.rstrip(".")) for other in told):
            told.append(part)
    return "\n\n".join(told)


def _scalar(kind: Any) -> Object:  # noqa: ANN401 - a type, any type
    if issubclass(kind, StrEnum):
        return {"type": "string", "enum": [member.value for member in kind]}
    if kind is bool:
        return {"type": "boolean"}
    if kind is int:
        return {"type": "integer"}
    if kind is float:
        return {"type": "number"}
    if kind is datetime:
        return {"type": "string", "format": "date-time"}
    return {"type": "string"}


def _bare(annotation: Any) -> Any:  # noqa: ANN401 - a type, any type
    """The type inside Optional and Annotated."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _bare(get_args(annotation)[0])
    if origin is types.UnionType or origin is Union:
        [inner] = [each for each in get_args(annotation) if each is not type(None)]
        return _bare(inner)
    return annotation


def _with(shape: Object, more: Object) -> Object:
    """A shape with additions; `type: None` takes the type away."""
    return {key: value for key, value in {**shape, **more}.items() if value is not None}
