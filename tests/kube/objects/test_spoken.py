"""Which version an Experiment's author spoke, as the API server's notes on its fields tell."""

from __future__ import annotations

from typing import Any

import pytest

from munshi.api import dialect
from munshi.api.experiment import Experiment
from munshi.api.meta import HOME, V1ALPHA3
from munshi.kube.objects import documents, spoken
from munshi.testing.builders import a_trial, an_experiment

OBJECTIVE: dict[str, Any] = {"f:spec": {"f:objective": {".": {}, "f:type": {}}}}
NOTES: dict[str, Any] = {"f:metadata": {"f:annotations": {}}}
STATUS: dict[str, Any] = {"f:status": {"f:conditions": {}}}


def entry(version: str, fields: object, subresource: str = "") -> dict[str, Any]:
    """What the server notes of one writer."""
    said = {"manager": "somebody", "apiVersion": version, "fieldsV1": fields}
    return {**said, "subresource": subresource} if subresource else said


def document(*entries: object) -> dict[str, Any]:
    """An Experiment as it comes back: under today's version, whatever it was written in."""
    meta = {"name": "e", "namespace": "n", "uid": "u", "managedFields": list(entries)}
    return {"apiVersion": HOME, "kind": "Experiment", "metadata": meta, "spec": {}}


CASES: dict[str, tuple[tuple[object, ...], str]] = {
    "the old one": ((entry(V1ALPHA3, OBJECTIVE),), V1ALPHA3),
    "today's": ((entry(HOME, OBJECTIVE),), HOME),
    "others wrote other fields": (
        (
            entry(V1ALPHA3, OBJECTIVE),
            entry(HOME, NOTES),
            entry(HOME, {"f:spec": {"f:maxTrialCount": {}}}),
            entry(HOME, STATUS, "status"),
        ),
        V1ALPHA3,
    ),
    "the old one wrote a note only": ((entry(HOME, OBJECTIVE), entry(V1ALPHA3, NOTES)), HOME),
    "two wrote it": ((entry(HOME, OBJECTIVE), entry(V1ALPHA3, OBJECTIVE)), V1ALPHA3),
    "nobody tells": ((), HOME),
    "notes of no known shape": (({}, entry(V1ALPHA3, None), entry(V1ALPHA3, {"f:spec": 1})), HOME),
    "another group's version": ((entry("other/v1", OBJECTIVE),), HOME),
}


@pytest.mark.parametrize("case", CASES)
def test_who_wrote_the_objective_tells(case: str) -> None:
    """The version under which the objective was written counts; without a note, the document's own."""
    entries, expected = CASES[case]
    assert spoken.version(document(*entries)) == expected


def test_an_experiment_is_read_in_its_authors_version() -> None:
    """So its dialect is known though neither its shape nor its apiVersion shows it."""
    read = documents.read(document(entry(V1ALPHA3, OBJECTIVE)), Experiment).resource
    assert read is not None
    assert dialect.of(read) is dialect.Dialect.V1ALPHA3


def test_owners_are_named_under_the_served_version() -> None:
    """A trial of an old Experiment is owned by it as today's version, and another group's owner stays."""
    owner = an_experiment(api_version=V1ALPHA3).owned_by()
    other = owner.model_copy(update={"api_version": "v1", "kind": "Pod"})
    trial = a_trial("t")
    meta = trial.metadata.model_copy(update={"owner_references": (owner, other)})
    made = documents.new(trial.model_copy(update={"metadata": meta}), HOME)
    assert [one["apiVersion"] for one in made["metadata"]["ownerReferences"]] == [HOME, "v1"]
