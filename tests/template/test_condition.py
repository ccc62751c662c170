"""Success and failure conditions: when they are met, what they tell, and which are refused."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from munshi.template import condition
from munshi.template.condition import Verdict
from template import gjson_author


def job(**status: Any) -> dict[str, Any]:
    """A job with this status."""
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "t"}, "status": status}


def with_conditions(*conditions: tuple[str, str]) -> dict[str, Any]:
    """A job with conditions of these types and statuses."""
    return job(
        conditions=[
            {"type": kind, "status": status, "reason": f"{kind}Reason", "message": f"{kind} it is"}
            for kind, status in conditions
        ]
    )


COMPLETE = 'status.conditions.#(type=="Complete")#|#(status=="True")#'
SUCCEEDED = 'status.[@this].#(phase=="Succeeded")#'
UNMET = Verdict(met=False)

VERDICTS: dict[str, tuple[str, dict[str, Any], Verdict]] = {
    "a condition that is true": (
        COMPLETE,
        with_conditions(("Suspended", "False"), ("Complete", "True")),
        Verdict(met=True, reason="CompleteReason", message="Complete it is"),
    ),
    "a condition that is false": (COMPLETE, with_conditions(("Complete", "False")), UNMET),
    "another condition": (COMPLETE, with_conditions(("Failed", "True")), UNMET),
    "no conditions yet": (COMPLETE, job(), UNMET),
    "no status yet": (COMPLETE, {"kind": "Job"}, UNMET),
    "an empty job": (SUCCEEDED, {}, UNMET),
    "a phase reached": (
        SUCCEEDED,
        job(phase="Succeeded", message="all fine"),
        Verdict(met=True, message="all fine"),
    ),
    "a phase not reached": (SUCCEEDED, job(phase="Running"), UNMET),
    "a single # gives the object itself": (
        "status.[@this].#(succeeded==1)",
        job(succeeded=1, reason="Done"),
        Verdict(met=True, reason="Done"),
    ),
    "a single # where the status is missing": ("status.[@this].#(succeeded==1)", {"kind": "Job"}, UNMET),
    "a single # where the count is missing": ("status.[@this].#(succeeded==1)", job(active=1), UNMET),
    "a single # behind a pipe": (
        'status.conditions.#(type=="Complete")#|#(status=="True")',
        with_conditions(("Complete", "True")),
        Verdict(met=True, reason="CompleteReason", message="Complete it is"),
    ),
    "an object tells its own reason": (
        'status.conditions.#(type=="Failed")',
        with_conditions(("Failed", "True")),
        Verdict(met=True, reason="FailedReason", message="Failed it is"),
    ),
    "the first of several tells": (
        'status.conditions.#(status=="True")#',
        with_conditions(("A", "False"), ("B", "True"), ("C", "True")),
        Verdict(met=True, reason="BReason", message="B it is"),
    ),
    "an empty object counts": ("status.result", job(result={}), Verdict(met=True)),
    "an array of texts counts, without a reason": ("status.pods", job(pods=["p-0"]), Verdict(met=True)),
    "an empty array does not count": ("status.pods", job(pods=[]), UNMET),
    "true does not count": ("status.done", job(done=True), UNMET),
    "text does not count": ("status.phase", job(phase="Succeeded"), UNMET),
    "a number does not count": ("status.succeeded", job(succeeded=3), UNMET),
    "null does not count": ("status.done", job(done=None), UNMET),
    "a reason that is no text is left out": (
        "status.result",
        job(result={"reason": 5, "message": None}),
        Verdict(met=True),
    ),
    "a newline from a YAML block scalar does not matter": (
        f"\n  {SUCCEEDED}\n",
        job(phase="Succeeded"),
        Verdict(met=True),
    ),
}  # fmt: skip

FINE: dict[str, str] = {
    **{
        f"the default for {kind}": f'status.conditions.#(type=="{kind}")#|#(status=="True")#'
        for kind in ("Complete", "Succeeded", "Failed")
    },
    "a workflow's phase": SUCCEEDED,
    "a count": "status.[@this].#(succeeded==1)",
    "a count, all": "status.[@this].#(succeeded>=1)#",
    "one condition object": 'status.conditions.#(type=="Complete")',
    "all of a type, first that holds": 'status.conditions.#(type=="Complete")#|#(status=="True")',
    "an object as an array of one": 'status.conditions.#(type=="Complete")|[@this]|#(status=="True")#',
    "each found one wrapped": 'status.conditions.#(type=="Complete")#.[@this].#(status=="True")#',
    "an array an author's own kind may fill": "status.failedPods",
    "the length compared": "status.[@this].#(pods.#>2)#",
    "arrays in an array": "status.matrix.#(#>1)#.#(>3)#",
    "an element of all that fit": 'status.conditions.#(type=="Complete")#|0',
}  # fmt: skip

REFUSED: dict[str, tuple[str, str]] = {
    "nothing": ("", "cannot be read: column 1"),
    "only blanks": ("  \n", "cannot be read: column 1"),
    "a comparison outside a query": ('status.phase=="Succeeded"', "only inside a query"),
    "an index in brackets": ("status.conditions[0]", r"write \.0"),
    "single quotes": ("status.conditions.#(type=='Complete')#", "double quotes"),
    "typographic quotes": ("status.conditions.#(type==“Complete”)#", "plain double quotes"),
    "the root sign of another language": ("$.status.result", "starts with \\$"),
    "two comparisons in one query": (
        'status.conditions.#(type=="Complete" && status=="True")#',
        r"write #\(…\)#\|#\(…\)#",
    ),
    "a dot where a pipe belongs": (
        'status.conditions.#(type=="Complete")#.#(status=="True")#',
        r"write #\(…\)#\|#\(…\)# to ask",
    ),
    "a query on the one object that # gives": (
        'status.conditions.#(type=="Complete")|#(status=="True")#',
        r"write #\(…\)# instead of #\(…\)",
    ),
    "a query on the job itself": ('#(status.phase=="Succeeded")#', "here stands one object"),
    "a name asked of an array": ('status.conditions.#(type=="Complete")#|status', "has no names"),
    "a number": ("status.conditions.#", "only objects and arrays count"),
    "something asked of a number": ("status.conditions.#|0", "asked of the number"),
    "the job itself": ("@this", "met by every job"),
    "its metadata": ("metadata", "met by every job"),
    "an object made from nothing": ("status.{phase}", "met by every job"),
    "an absence": ("[@this].#(status==~null)#", "met by every job"),
}  # fmt: skip


@pytest.mark.parametrize(("expression", "seen", "verdict"), VERDICTS.values(), ids=VERDICTS)
def test_verdict(expression: str, seen: dict[str, Any], verdict: Verdict) -> None:
    """The condition says of the job what Katib's rule says, with the reason and message it shows."""
    assert condition.evaluate(expression, seen) == verdict


@pytest.mark.parametrize("expression", FINE.values(), ids=FINE)
def test_fine(expression: str) -> None:
    """A condition that some job can meet, and a fresh one does not, has no fault."""
    assert condition.check(expression) is None


@pytest.mark.parametrize(("expression", "words"), REFUSED.values(), ids=REFUSED)
def test_refused(expression: str, words: str) -> None:
    """A condition that cannot do its duty is refused in one line that quotes it and tells how to mend it."""
    fault = condition.check(expression)
    assert fault is not None
    assert re.search(words, fault), fault
    assert ("cannot be read: column 1" in fault) or fault.startswith(expression)
    assert "\n" not in fault


def test_a_broken_expression_is_never_met_and_says_why() -> None:
    """An expression that slipped past admission gives a verdict with its own reason, not an exception."""
    verdict = condition.evaluate("status.conditions.#(type==", job())
    assert not verdict.met
    assert verdict.reason == condition.NOT_UNDERSTOOD
    assert "never closed" in verdict.message


def test_a_costly_expression_is_given_up_and_says_so() -> None:
    """An expression whose work explodes on a job gives the same reason."""
    doubling = "|".join(["status.pods", *["[@this,@this].@flatten"] * 15])
    verdict = condition.evaluate(doubling, job(pods=["p"] * 100))
    assert (verdict.met, verdict.reason) == (False, condition.NOT_UNDERSTOOD)
    assert "given up" in verdict.message


def test_any_mapping_will_do_as_a_job() -> None:
    """A read-only view of a job is judged as the job is."""
    seen = MappingProxyType(with_conditions(("Complete", "True")))
    assert condition.evaluate(COMPLETE, seen).met


STATUSES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.sampled_from(["True", "Complete", "x"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["type", "status", "phase", "conditions"]), inner, max_size=3
        ),
    ),
    max_leaves=12,
)


@given(STATUSES)
def test_what_check_calls_hopeless_is_met_by_no_job(status: Any) -> None:
    """An expression refused as never met, or as unreadable, is indeed met by no job whatever its status."""
    for expression, _ in REFUSED.values():
        fault = condition.check(expression) or ""
        if "met by every job" not in fault:
            assert not condition.evaluate(expression, {"status": status}).met


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(gjson_author.questions(gjson_author.LISTS_BY_NAME))
def test_no_document_meets_what_is_called_never_met(question: tuple[Any, list[str]]) -> None:
    """Whatever the path, when it is refused as never met then the document made for it does not meet it."""
    document, paths = question
    for path in paths:
        if "can never be met" in (condition.check(path) or ""):
            assert not condition.evaluate(path, document).met


@given(STATUSES)
def test_a_job_is_met_only_by_an_object_or_a_filled_array(status: Any) -> None:
    """The bare path to the status is met exactly when the status is an object or a filled array."""
    counts = isinstance(status, dict) or (isinstance(status, list) and bool(status))
    assert condition.evaluate("status", {"status": status}).met == counts
