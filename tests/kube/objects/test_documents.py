"""What a write says is what changed, exactly."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from munshi.api.trial import Trial
from munshi.kube.objects import documents
from munshi.testing.stores import a_trial, with_attempts, with_metadata, with_spec

LEAVES = st.booleans() | st.integers(-2, 2) | st.sampled_from([0.0, 1.0, 0.5]) | st.text(max_size=2)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from("abc"), VALUES)


def merged(target: Any, patch: Any) -> Any:
    """RFC 7386, as it stands there."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


@given(OBJECTS, OBJECTS)
def test_the_difference_makes_one_of_the_other(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    """Carried out by the rules of merge patches; as JSON, where true is not 1."""
    kept = copy.deepcopy(before), copy.deepcopy(after)
    patch = documents.difference(before, after)
    assert repr(_sorted(merged(before, patch))) == repr(_sorted(after))
    assert (before, after) == kept


@given(OBJECTS)
def test_no_difference_says_nothing(document: dict[str, Any]) -> None:
    """So that a write that changes nothing is not sent."""
    assert documents.difference(document, copy.deepcopy(document)) == {}


def test_a_write_says_its_own_half_only() -> None:
    """Spec and metadata never carry a status, a status nothing else, and neither what the server writes."""
    before = with_metadata(a_trial("t"), uid="u", resource_version="1", labels={"a": "b", "c": "d"})
    after = with_attempts(with_spec(with_metadata(before, labels={"c": "e"}, generation=9), "x"), 1)
    assert documents.change(before, after) == {
        "spec": {"successCondition": "x"},
        "metadata": {"labels": {"a": None, "c": "e"}},
    }
    assert documents.change_of_status(before, after) == {"status": {"attempts": 1}}


def test_a_new_object_has_no_past() -> None:
    """No status, uid or version; and the kind and version it is served under."""
    old = with_attempts(with_metadata(a_trial("t"), uid="u", resource_version="1"), 1)
    assert documents.new(old.model_copy(update={"kind": "", "api_version": ""}), "g/v1") == {
        "apiVersion": "g/v1",
        "kind": "Trial",
        "metadata": {"name": "t", "namespace": "default"},
    }


def test_what_is_unknown_is_no_fault_and_what_is_wrong_is() -> None:
    """A field of another version is passed over; a spec of the wrong shape is its author's to mend."""
    meta = {"name": "t", "namespace": "n", "uid": "u", "managedFields": [{}]}
    read = documents.read({"metadata": dict(meta), "spec": {"new": 1}, "status": {"x": 1}}, Trial)
    assert read.resource is not None
    assert not read.resource.metadata.managed_fields
    wrong = documents.read({"metadata": dict(meta), "spec": {"runSpec": 1}}, Trial)
    assert (wrong.resource, wrong.name, wrong.uid) == (None, "t", "u")
    assert [fault.field for fault in wrong.faults] == ["spec.runSpec"]


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(each) for each in value] if isinstance(value, list) else value
