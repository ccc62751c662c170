"""Our JSONPath against Kubernetes' own (k8s.io/client-go/util/jsonpath), asked over pipes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli import jsonpath_cases as cases
from munshi.cli import custom_columns, jsonpath
from munshi.cli.jsonpath import Wrong
from support import oracle

pytestmark = pytest.mark.oracle

Case = dict[str, Any]


def ours(case: Case) -> str | None:
    """What we print; None when we refuse."""
    try:
        template = jsonpath.parse(case["template"])
        if case["form"] == "column":
            return custom_columns.cell(template, case["json"])
        found = jsonpath.find(template, case["json"], missing_is_fine=case["missing"])
        return jsonpath.as_json(found) if case["form"] == "json" else jsonpath.text(found)
    except Wrong:
        return None


def theirs(asking: list[Case]) -> list[str | None]:
    """What Go's library prints; None when it refuses.

    It breaks down over null in a loop when it shall print JSON; there our own answer stands.
    """
    return [
        ours(case)
        if answer["error"].startswith("panic: ")
        else None
        if answer["error"]
        else answer["text"]
        for case, answer in zip(asking, oracle.ask("jsonpath", asking), strict=True)
    ]


def asked(template: str, value: Any, form: str, *, missing: bool = True) -> Case:
    """A question as the oracle reads it."""
    return {"json": value, "template": template, "missing": missing, "form": form}


def templates() -> list[str]:
    """Every template of the tables, those that are wrong included."""
    tables = (cases.READ, cases.WRONG, cases.UNFIT)
    return [template for table in tables for template, _ in table.values()] + cases.ODD


@pytest.mark.parametrize("missing", [True, False], ids=["missing is fine", "missing is refused"])
@pytest.mark.parametrize("form", ["text", "json"])
def test_the_tables_are_kubernetes_own(form: str, missing: bool) -> None:
    """Every template of the tables prints, or is refused, exactly as by Go's library."""
    compare([asked(template, cases.TRIALS, form, missing=missing) for template in templates()])


def test_cells_are_kubernetes_own() -> None:
    """In a column of one's own, every template of the tables gives the cell that kubectl prints."""
    compare([asked(template, cases.TRIALS, "column") for template in templates()])


@settings(max_examples=150, deadline=None)
@given(
    cases.documents,
    st.lists(cases.templates, min_size=1, max_size=20),
    st.sampled_from(["text", "json", "column"]),
)
def test_generated_templates_print_the_same(value: Any, drawn: list[str], form: str) -> None:
    """Templates drawn at random, over documents drawn at random, print the same or are both refused."""
    compare([asked(template, value, form) for template in drawn])


@settings(max_examples=150, deadline=None)
@given(cases.documents, st.lists(cases.scribbles, min_size=1, max_size=20))
def test_scribbles_are_read_alike(value: Any, drawn: list[str]) -> None:
    """What hardly is a template is never printed otherwise than by Go's library."""
    asking = [asked(template, value, "text") for template in drawn]
    for case, answer in zip(asking, theirs(asking), strict=True):
        assert ours(case) in (answer, None), case


NUMBERS = [
    100000.0, 1000000.0, 123456789.0, 12345678.5, 1e20, 1e21, 0.0001, 0.00001, -0.0, 1e100, 5e-324,
    -2.5e-7, 1 << 63, -(1 << 63), 1 << 64, 0.1, 1e15,
]  # fmt: skip


@pytest.mark.parametrize("form", ["text", "json", "column"])
def test_numbers_look_alike(form: str) -> None:
    """Whole numbers, fractions and exponents are written as Go writes them."""
    compare([asked("{.a}{@}", {"a": number}, form) for number in NUMBERS])


def compare(asking: list[Case]) -> None:
    """See that we and Go's library say the same."""
    answers = zip(asking, theirs(asking), strict=True)
    different = [(case, ours(case), answer) for case, answer in answers if ours(case) != answer]
    assert [one for one in different if not one_of_its_answers(one[0])] == []


def one_of_its_answers(case: Case) -> bool:
    """Whether Go's library prints the same another time: `..` and `*` go through maps in random order."""
    walks = any(mark in case["template"] for mark in ("..", "*"))
    return walks and ours(case) in theirs([case] * 64)
