"""The three records that pass between engine and supervisor."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.local.process import (
    Bind,
    Exit,
    Identity,
    Limits,
    ProcessPlan,
    Program,
    Reason,
)
from munshi.local.process.forked import program
from munshi.local.process.records import MARKER

TEXT = st.text(st.characters(codec=None), max_size=20)
NUMBER = st.integers(min_value=0, max_value=2**63)
BINDS = st.lists(st.builds(Bind, TEXT, TEXT, st.booleans()), max_size=3).map(tuple)
SPAN = st.floats(min_value=0, max_value=1e6)
PROGRAMS = st.lists(
    st.builds(
        Program,
        argv=st.lists(TEXT, max_size=4).map(tuple),
        env=st.dictionaries(TEXT, TEXT, max_size=3),
        cwd=TEXT,
        log=TEXT,
        name=TEXT,
        binds=BINDS,
        limits=st.builds(Limits, st.none() | NUMBER, st.none() | SPAN),
        decides=st.booleans(),
        cleanup=st.lists(TEXT, max_size=2).map(tuple),
    ),
    max_size=2,
).map(tuple)
PLANS = st.builds(
    ProcessPlan,
    folder=TEXT,
    marker=TEXT,
    programs=PROGRAMS,
    setup=PROGRAMS,
    companions=PROGRAMS,
    grace_s=SPAN,
    deadline_s=st.none() | SPAN,
    log_bytes=st.none() | NUMBER,
    settle_s=SPAN,
)
EXITS = st.builds(
    Exit,
    code=st.none() | NUMBER,
    signal=st.none() | NUMBER,
    started_ns=NUMBER,
    ended_ns=NUMBER,
    reason=st.sampled_from(Reason),
    message=TEXT,
    program=TEXT,
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


def a_program(**changes: object) -> Program:
    """A program without faults, except for the changes."""
    whole: dict[str, object] = {"argv": ("true",), "env": {}, "cwd": "/", "log": "/log"}
    return Program(**{**whole, **changes})  # type: ignore[arg-type]


def a_plan(*programs: Program, **changes: object) -> ProcessPlan:
    """A plan without faults, except for the changes."""
    whole: dict[str, object] = {
        "folder": "/folder",
        "marker": "m",
        "programs": programs or (a_program(),),
    }
    return ProcessPlan(**{**whole, **changes})  # type: ignore[arg-type]


FAULTY: dict[str, tuple[ProcessPlan, str]] = {
    "no program": (a_plan(programs=()), "there are no programs"),
    "no argv": (a_plan(a_program(argv=())), "argv names no program"),
    "an empty argv": (a_plan(a_program(argv=("",))), "argv names no program"),
    "an empty cleanup": (a_plan(a_program(cleanup=("",))), "cleanup names no program"),
    "a relative folder": (a_plan(folder="x"), 'folder "x" is not an absolute path'),
    "a relative target": (
        a_plan(a_program(binds=(Bind("/a", "b"),))),
        'a bind\'s target "b" is not an absolute',
    ),
    "a NUL in an argument": (a_plan(a_program(argv=("true", "a\0b"))), "argv[1] holds a NUL"),
    "a NUL in a cleanup": (a_plan(a_program(cleanup=("a\0b",))), "cleanup[0] holds a NUL"),
    "a NUL in a variable": (a_plan(a_program(env={"A": "\0"})), "env 'A' holds a NUL"),
    "a name that is an assignment": (a_plan(a_program(env={"A=B": ""})), 'a variable "A=B"'),
    "no marker": (a_plan(marker=""), "marker is empty"),
    "an endless grace": (a_plan(grace_s=float("inf")), "grace_s is inf"),
    "a negative grace": (a_plan(grace_s=-1.0), "grace_s is -1.0"),
    "a deadline in the past": (a_plan(deadline_s=-1.0), "deadline_s is -1.0"),
    "no room for a log": (a_plan(log_bytes=0), "log_bytes is 0"),
    "no memory": (a_plan(a_program(limits=Limits(0))), "limits.memory_bytes is 0"),
    "half a core less than nothing": (a_plan(a_program(limits=Limits(cpu=-0.5))), "cpu is -0.5"),
    "a name given twice": (a_plan(a_program(), setup=(a_program(),)), '2 programs are called ""'),
    "a fault of a named program": (
        a_plan(a_program(), companions=(a_program(name="worker-1", cwd="x"),)),
        'worker-1: cwd "x" is not an absolute path',
    ),
}


@pytest.mark.parametrize(("plan", "sentence"), FAULTY.values(), ids=FAULTY)
def test_faulty_plans_are_told(plan: ProcessPlan, sentence: str) -> None:
    """Each impossible plan has exactly one fault, which names the field and the value."""
    found = plan.faults()
    assert len(found) == 1
    assert sentence in found[0]


def test_all_faults_at_once() -> None:
    """Faults do not hide one another."""
    assert a_plan().faults() == []
    assert len(a_plan(a_program(argv=(), cwd="here"), marker="").faults()) == 3


def test_one_marker() -> None:
    """Both sides of the fork spell the marker's variable alike."""
    assert program.MARKER == MARKER
