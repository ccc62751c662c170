"""Objects in which every field of their models is set, to see that nothing is lost on a way."""

from __future__ import annotations

import types
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Union, get_args, get_origin

from munshi.api.experiment import Operation
from munshi.api.meta import ObjectMeta
from munshi.api.wire import Object, Wire
from munshi.kube import crds

NOW = datetime(2026, 1, 31, 12, 0, 0, 250_000, tzinfo=UTC)
JOB: Object = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"labels": {"a": "b"}},
    "spec": {"template": {"spec": {"containers": [{"name": "main", "env": []}]}}, "suspend": True},
}


_JUDGED = {"path": "/metrics", "port": "8080", "max_failed_trial_count": 1}
"""Fields whose text the API server judges."""
_SCALARS: dict[Any, Any] = {bool: True, int: 2, float: 0.5, datetime: NOW}
VARIANTS = {
    "Experiment": ("Experiment", {"config_map", "go_template", "nas_config"}),
    "Experiment with a ConfigMap": ("Experiment", {"trial_spec", "go_template", "nas_config"}),
    "Experiment with a goTemplate": ("Experiment", {"trial_spec", "config_map", "parameters"}),
    "Suggestion": ("Suggestion", set[str]()),
    "Trial": ("Trial", set[str]()),
}
"""What excludes one another by a rule is spread over several objects."""


def whole_objects() -> dict[str, Object]:
    """Together they set every field of every kind."""
    return {
        variant: _whole(crds.KINDS[kind].model, without).dump()
        for variant, (kind, without) in VARIANTS.items()
    }


def _whole(model: type[Wire], without: set[str]) -> Any:
    values = {
        name: _value(name, field.annotation, without)
        for name, field in model.model_fields.items()
        if name not in without or issubclass(model, Operation)
    }
    if "api_version" in values:
        values |= {"api_version": "kubeflow.org/v1beta1", "kind": model.__name__}
    return model.model_validate(values)


def _value(name: str, annotation: Any, without: set[str]) -> Any:
    kind = _bare(annotation)
    origin, arguments = get_origin(kind), get_args(kind)
    if name in _JUDGED:
        return _JUDGED[name]
    if origin is tuple:
        return (_value(name, arguments[0], without),)
    if kind == Object:
        return JOB
    if origin is dict:
        return {"key": "학습"}
    if kind is ObjectMeta:
        return ObjectMeta(name="whole", labels={"a": "b"}, annotations={"c": "d"})
    if issubclass(kind, Wire):
        return _whole(kind, without)
    if issubclass(kind, StrEnum):
        return next(iter(kind))
    return _SCALARS.get(kind, f"{name} 값")


def _bare(annotation: Any) -> Any:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _bare(get_args(annotation)[0])
    if origin is types.UnionType or origin is Union:
        return _bare(next(each for each in get_args(annotation) if each is not type(None)))
    return annotation
