"""The three records that pass between engine and supervisor."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.local.process import Bind, Exit, Identity, ProcessPlan, Reason
from munshi.local.process.forked import program
from munshi.local.process.records import MARKER

TEXT = st.text(st.characters(codec=None), max_size=20)
NUMBER = st.integers(min_value=0, max_value=2**63)
BINDS = st.lists(st.builds(Bind, TEXT, TEXT, st.booleans()), max_size=3).map(tuple)
PLANS = st.builds(
    ProcessPlan,
    argv=st.lists(TEXT, max_size=4).map(tuple),
    env=st.dictionaries(TEXT, TEXT, max_size=3),
    cwd=TEXT,
    log=TEXT,
    folder=TEXT,
    marker=TEXT,
    binds=BINDS,
    grace_s=st.floats(min_value=0, max_value=1e6),
)
EXITS = st.builds(
    Exit,
    code=st.none() | NUMBER,
    signal=st.none() | NUMBER,
    started_ns=NUMBER,
    ended_ns=NUMBER,
    reason=st.sampled_from(Reason),
    message=TEXT,
)


@given(PLANS)
def test_plan_round_trip(plan: ProcessPlan) -> None:
    """A plan, whatever characters it holds, is read back as it was written."""
    assert ProcessPlan.from_json(plan.to_json()) == plan


@given(st.builds(Identity, NUMBER, NUMBER, TEXT))
def test_identity_round_trip(identity: Identity) -> None:
    """An identity is read back as it was written."""
    assert Identity.from_json(identity.to_json()) == identity


@given(EXITS)
def test_exit_round_trip(outcome: Exit) -> None:
    """An outcome is read back as it was written."""
    assert Exit.from_json(outcome.to_json()) == outcome


DAMAGED = {
    "an empty file": "",
    "half an object": '{"pid": 1, "st',
    "another object": '{"pid": 1}',
    "no object": "[1, 2, 3]",
}


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED)
def test_damaged_records_are_told(text: str) -> None:
    """A record that is not whole is a ValueError, never a half-read value."""
    for kind in (ProcessPlan, Identity, Exit):
        with pytest.raises(ValueError, match=r"."):
            kind.from_json(text)


def a_plan(**changes: object) -> ProcessPlan:
    """A plan without faults, except for the changes."""
    whole: dict[str, object] = {
        "argv": ("true",),
        "env": {},
        "cwd": "/",
        "log": "/log",
        "folder": "/folder",
        "marker": "m",
    }
    return ProcessPlan(**{**whole, **changes})  # type: ignore[arg-type]


FAULTY: dict[str, tuple[dict[str, object], str]] = {
    "no program": ({"argv": ()}, "argv names no program"),
    "an empty program": ({"argv": ("",)}, "argv names no program"),
    "a relative folder": ({"folder": "x"}, 'folder "x" is not an absolute path'),
    "a relative target": ({"binds": (Bind("/a", "b"),)}, 'a bind\'s target "b" is not an absolute'),
    "a NUL in an argument": ({"argv": ("true", "a\0b")}, "argv[1] holds a NUL"),
    "a NUL in a variable": ({"env": {"A": "\0"}}, "env 'A' holds a NUL"),
    "a name that is an assignment": ({"env": {"A=B": ""}}, 'env has a variable "A=B"'),
    "no marker": ({"marker": ""}, "marker is empty"),
    "an endless grace": ({"grace_s": float("inf")}, "grace_s is inf"),
    "a negative grace": ({"grace_s": -1.0}, "grace_s is -1.0"),
}


@pytest.mark.parametrize(("changes", "sentence"), FAULTY.values(), ids=FAULTY)
def test_faulty_plans_are_told(changes: dict[str, object], sentence: str) -> None:
    """Each impossible plan has exactly one fault, which names the field and the value."""
    found = a_plan(**changes).faults()
    assert len(found) == 1
    assert sentence in found[0]


def test_all_faults_at_once() -> None:
    """Faults do not hide one another."""
    assert a_plan().faults() == []
    assert len(a_plan(argv=(), cwd="here", marker="").faults()) == 3


def test_one_marker() -> None:
    """Both sides of the fork spell the marker's variable alike."""
    assert program.MARKER == MARKER
