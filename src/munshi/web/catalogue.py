"""What does not change while the server runs: the schema of an Experiment, and the algorithms.

Loaded when first asked for: the algorithms bring numpy, the schema the words of every field.
"""

from __future__ import annotations

import inspect
from functools import cache
from typing import Any

from starlette.requests import Request

from munshi.web import shapes

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


async def schema(request: Request) -> dict[str, Any]:
    """JSON Schema of an Experiment, with words for every field: for completion in editors."""
    del request
    return _schema()


async def algorithms(request: Request) -> list[shapes.Algorithm]:
    """The algorithms, and what may be set."""
    del request
    return _algorithms()


@cache
def _schema() -> dict[str, Any]:
    from munshi.api.experiment import Experiment  # noqa: PLC0415 - see the module
    from munshi.kube.crds import limits, schema  # noqa: PLC0415

    def additions(path: str) -> dict[str, Any]:
        return limits.at(path, "Experiment", "kubeflow.org/v1beta1")

    found = _without_dialect(schema.of(Experiment, additions))
    properties = found["properties"]
    properties.pop("status", None)  # munshi writes it, nobody else
    properties["apiVersion"]["enum"] = ["kubeflow.org/v1beta1", "kubeflow.org/v1alpha3"]
    properties["kind"]["enum"] = ["Experiment"]
    properties["metadata"] = {
        "type": "object",
        "description": "The Experiment's name, and what else is said of it.",
        "properties": {
            "name": {"type": "string", "description": "At most 40 characters: a-z, 0-9 and -."},
            "generateName": {
                "type": "string",
                "description": "The name's beginning; munshi adds to it.",
            },
            "namespace": {"type": "string", "description": "Default: default."},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
        },
    }
    required = ["apiVersion", "kind", "metadata", "spec"]
    return {"$schema": _DIALECT, "title": "Experiment", **found, "required": required}


def _without_dialect(shape: Any) -> Any:  # noqa: ANN401 - JSON, whatever it is
    """A schema without Kubernetes' own words."""
    if isinstance(shape, dict):
        return {
            key: _without_dialect(value)
            for key, value in shape.items()
            if not key.startswith("x-kubernetes-")
        }
    return [_without_dialect(one) for one in shape] if isinstance(shape, list) else shape


@cache
def _algorithms() -> list[shapes.Algorithm]:
    from munshi.algorithms import registry  # noqa: PLC0415 - see the module

    found: list[shapes.Algorithm] = []
    for name in registry.known():
        one = registry.find(name)
        settings: list[shapes.Setting] = [
            {
                "name": each.name,
                "meaning": each.meaning,
                "limits": each.limits,
                "default": _written(each.default),
            }
            for each in getattr(one, "settings", ())
        ]
        found.append({"name": name, "summary": _summary(one), "settings": settings})
    return found


def _written(default: float | str | None) -> str | None:
    return f"{default:g}" if isinstance(default, int | float) else default


def _summary(one: object) -> str:
    """The first sentence that the algorithm's own module says of it."""
    said = inspect.getdoc(inspect.getmodule(type(one))) or ""
    return " ".join(said.partition("\n\n")[0].split())
