"""JSONPath templates: what they print, and where they are wrong."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from cli import jsonpath_cases as cases
from cli.jsonpath_cases import documents, scribbles
from munshi.cli import jsonpath
from munshi.cli.jsonpath import Wrong


def printed(template: str, value: Any, *, missing_is_fine: bool = True) -> str:
    """What a template prints."""
    found = jsonpath.find(jsonpath.parse(template), value, missing_is_fine=missing_is_fine)
    return jsonpath.text(found)


@pytest.mark.parametrize(("template", "expected"), cases.READ.values(), ids=cases.READ.keys())
def test_templates_print(template: str, expected: str) -> None:
    """What people write prints what kubectl prints."""
    assert printed(template, cases.TRIALS) == expected


REFUSED = {**cases.WRONG, **cases.EARLY}


@pytest.mark.parametrize(("template", "at"), REFUSED.values(), ids=REFUSED.keys())
def test_wrong_templates_are_refused(template: str, at: int) -> None:
    """A template that cannot be read is refused at its place, before any object is seen."""
    with pytest.raises(Wrong) as refused:
        jsonpath.parse(template)
    assert refused.value.at == at


@pytest.mark.parametrize(("template", "at"), cases.UNFIT.values(), ids=cases.UNFIT.keys())
def test_templates_that_do_not_fit_are_refused(template: str, at: int) -> None:
    """A template that asks of an object what it is not is refused at its place."""
    with pytest.raises(Wrong) as refused:
        printed(template, cases.TRIALS)
    assert refused.value.at == at


STRICT = {
    "a missing field": ("{.kind}{.nope}", 8),
    "a field that no entry has": ("{.items[*].nope}", 10),
    "a field below null": ("{.items[0].nothing.x}", 18),
    "a field in a loop over nothing": ("{range .items[5:5]}{.x}{end}", 20),
}


@pytest.mark.parametrize(("template", "at"), STRICT.values(), ids=STRICT.keys())
def test_missing_fields_can_be_refused(template: str, at: int) -> None:
    """A missing field prints nothing, or is refused at its place, as one likes."""
    assert printed(template, cases.TRIALS) in ("", "List")
    with pytest.raises(Wrong) as refused:
        printed(template, cases.TRIALS, missing_is_fine=False)
    assert refused.value.at == at


def test_some_have_it_is_enough() -> None:
    """A field that only some entries have is not missing."""
    assert printed("{.items[*].large}", cases.TRIALS, missing_is_fine=False) == "1e+21"


@pytest.mark.parametrize(
    ("template", "value", "expected"), cases.ACCIDENTS.values(), ids=cases.ACCIDENTS.keys()
)
def test_accidents_are_not_repeated(template: str, value: Any, expected: str) -> None:
    """Where Go's library answers by accident, the sensible answer is given."""
    assert printed(template, value) == expected


def test_the_order_of_fields_is_the_objects() -> None:
    """Go goes through an object's fields as chance has it; we, in their order."""
    assert printed("{.*}", {"z": 1, "b": 2, "a": 3}) == "1 2 3"


def test_as_json() -> None:
    """`jsonpath-as-json` prints a list of what each action found, keys sorted, four blanks a level."""
    found = jsonpath.find(jsonpath.parse("{.a}{.nope}"), {"a": {"z": "<", "b": [1.0]}})
    assert jsonpath.as_json(found) == (
        '[\n    {\n        "b": [\n            1\n        ],\n        "z": "\\u003c"\n    }\n]\n[]\n'
    )


@given(scribbles, documents)
def test_whatever_is_written_is_answered(template: str, value: Any) -> None:
    """Any text is printed, or refused at a place within it, whatever it is applied to."""
    assert said(template, value)


def said(template: str, value: Any) -> bool:
    """Whether the answer is in order."""
    try:
        return isinstance(printed(template, value), str)
    except Wrong as wrong:
        return 0 <= wrong.at <= len(template) and bool(wrong.problem)


def test_deep_documents_are_walked() -> None:
    """A recursive search of a deep document ends, and its result is printed."""
    value: Any = {"name": "bottom"}
    for _ in range(100):
        value = {"inner": [value]}
    assert printed("{..name}", value) == "bottom"
    assert printed("{@}", value).count("[") == 100
