"""The CustomResourceDefinitions around the schemas.

Two versions of one stored object: v1beta1 is stored, v1alpha3 is served, and nothing is converted, since the
schema of either knows the fields of both. What differs is what `kubectl get` prints, which fields are
required, and a few rules (`limits`, `rules`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from munshi.api import yaml_writer
from munshi.api.experiment import Experiment
from munshi.api.meta import GROUP, HOME, V1ALPHA3, Resource
from munshi.api.suggestion import Suggestion
from munshi.api.trial import Trial
from munshi.api.wire import Object
from munshi.kube.crds import limits, rules, schema

_HEAD = "# Generated from the models in src/munshi/api by `make generate`; changes here are lost.\n"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of `kubectl get`; `wide` ones are printed with `-o wide` only."""

    name: str
    path: str
    type: str = "string"
    wide: bool = False

    def write(self) -> Object:
        """As an entry of additionalPrinterColumns."""
        said: Object = {"name": self.name, "type": self.type, "jsonPath": self.path}
        return {**said, "priority": 1} if self.wide else said


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind.

    Attributes:
        model: What travels.
        plural: Its name in paths.
        short: Its short name.
        columns: What `kubectl get` prints after the name, in v1beta1.
        old_columns: The same in v1alpha3.
    """

    model: type[Resource]
    plural: str
    short: str
    columns: tuple[Column, ...]
    old_columns: tuple[Column, ...]

    @property
    def name(self) -> str:
        """As in `kind:`."""
        return self.model.__name__


_TYPE = Column("Type", ".status.conditions[-1:].type")
_STATUS = Column("Status", ".status.conditions[-1:].status")
_AGE = Column("Age", ".metadata.creationTimestamp", "date")
_REASON = Column("Reason", ".status.conditions[-1:].reason", wide=True)
_WIDE_EXPERIMENT = (
    _REASON,
    Column("Trials", ".status.trials", "integer", wide=True),
    Column("Max", ".spec.maxTrialCount", "integer", wide=True),
    Column("Succeeded", ".status.trialsSucceeded", "integer", wide=True),
    Column("Running", ".status.trialsRunning", "integer", wide=True),
    Column("Failed", ".status.trialsFailed", "integer", wide=True),
    Column("Objective", ".spec.objective.objectiveMetricName", wide=True),
    Column("Best", ".status.currentOptimalTrial.bestTrialName", wide=True),
    Column("Algorithm", ".spec.algorithm.algorithmName", wide=True),
)
_SUGGESTION = (
    _TYPE,
    _STATUS,
    Column("Requested", ".spec.requests"),
    Column("Assigned", ".status.suggestionCount"),
    _AGE,
)
_OLD_STATUS = Column("Status", _TYPE.path)

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            Experiment,
            "experiments",
            "exp",
            (_TYPE, _STATUS, _AGE, *_WIDE_EXPERIMENT),
            (_OLD_STATUS, _AGE, *_WIDE_EXPERIMENT),
        ),
        Kind(Suggestion, "suggestions", "sug", _SUGGESTION, _SUGGESTION),
        Kind(
            Trial, "trials", "tr", (_TYPE, _STATUS, _AGE, _REASON), (_TYPE, _STATUS, _AGE, _REASON)
        ),
    )
}
"""By name, in the order of their files."""


def definitions() -> tuple[Object, ...]:
    """All three."""
    return tuple(definition(kind) for kind in KINDS.values())


def definition(kind: Kind) -> Object:
    """The CustomResourceDefinition of a kind, as JSON values."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{kind.plural}.{GROUP}",
            "labels": {"app.kubernetes.io/name": "munshi"},
        },
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": kind.name,
                "listKind": f"{kind.name}List",
                "plural": kind.plural,
                "singular": kind.name.lower(),
                "shortNames": [kind.short],
                "categories": ["all", "kubeflow", "katib"],
            },
            "conversion": {"strategy": "None"},
            "versions": [
                _version(kind, HOME, kind.columns),
                _version(kind, V1ALPHA3, kind.old_columns),
            ],
        },
    }


def file_name(definition: Object) -> str:
    """What a definition's file is called."""
    names = definition["spec"]["names"]
    return f"{GROUP}_{names['plural']}.yaml"


def text(definition: Object) -> str:
    """The YAML of a definition's file."""
    return _HEAD + yaml_writer.write(definition)


def _version(kind: Kind, version: str, columns: tuple[Column, ...]) -> Object:
    def additions(path: str) -> Object:
        return {**limits.at(path, kind.name, version), **rules.at(path, kind.name, version)}

    return {
        "name": version.removeprefix(f"{GROUP}/"),
        "served": True,
        "storage": version == HOME,
        "subresources": {"status": {}},
        "additionalPrinterColumns": [column.write() for column in columns],
        "schema": {"openAPIV3Schema": schema.of(kind.model, additions)},
    }
