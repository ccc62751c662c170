"""An Experiment's parameters become a Space, or all their faults at once."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.errors import Invalid
from munshi.space import (
    Categorical,
    Discrete,
    Distribution,
    Double,
    Integer,
    Parameter,
    Space,
    read,
)


@dataclass
class Feasible:
    """A feasibleSpace as it travels."""

    min: str | None = None
    max: str | None = None
    step: str | None = None
    list_: list[str] | None = None
    distribution: str | None = None


@dataclass
class Written:
    """A parameter as it travels."""

    parameter_type: str | None = "double"
    feasible_space: Feasible | None = field(default_factory=lambda: Feasible("0", "1"))
    name: str | None = "x"


def a_double(**said: str) -> Written:
    """A double from 0 to 1, but for what is said."""
    return Written("double", Feasible(**{"min": "0", "max": "1", **said}))  # type: ignore[arg-type]


def an_int(**said: str) -> Written:
    """An int from 1 to 9, but for what is said."""
    return Written("int", Feasible(**{"min": "1", "max": "9", **said}))  # type: ignore[arg-type]


def a_list(kind: str, *entries: str) -> Written:
    """A discrete or categorical parameter."""
    return Written(kind, Feasible(list_=list(entries), distribution="uniform"))


def faults_of(*written: Written) -> list[tuple[str, str, str]]:
    """(path after the parameter's index, problem, mend) of everything wrong."""
    with pytest.raises(Invalid) as caught:
        read(written)
    return [
        (".".join(str(step) for step in fault.path[1:]), fault.problem, fault.mend)
        for fault in caught.value.faults
    ]


SOUND: dict[str, tuple[Written, Parameter]] = {
    "a double": (a_double(), Double("x", 0.0, 1.0)),
    "a double with blanks": (a_double(min=" 0.5 "), Double("x", 0.5, 1.0)),
    "a stepped double": (a_double(step="0.1"), Double("x", 0.0, 1.0, 0.1)),
    "a log double": (
        a_double(min="1e-5", distribution="logUniform"),
        Double("x", 1e-5, 1.0, None, Distribution.LOG_UNIFORM),
    ),
    "a bell": (a_double(distribution="normal"), Double("x", 0.0, 1.0, None, Distribution.NORMAL)),
    "Katib's unknown distribution": (a_double(distribution="unknown"), Double("x", 0.0, 1.0)),
    "a single point": (a_double(max="0"), Double("x", 0.0, 0.0)),
    "a step wider than the range": (a_double(step="5"), Double("x", 0.0, 1.0, 5.0)),
    "an empty step": (a_double(step=""), Double("x", 0.0, 1.0)),
    "an int": (an_int(), Integer("x", 1, 9)),
    "an int with a step": (an_int(step="4"), Integer("x", 1, 9, 4)),
    "an int written as a decimal": (an_int(max="1e1"), Integer("x", 1, 10)),
    "a 64-bit int": (an_int(max=str(2**63 - 1)), Integer("x", 1, 2**63 - 1)),
    "discrete numbers keep their text": (
        a_list("discrete", "10", "2.50"),
        Discrete("x", (("2.50", 2.5), ("10", 10.0))),
    ),
    "words": (a_list("categorical", "작은", "", "b c"), Categorical("x", ("작은", "", "b c"))),
}


@pytest.mark.parametrize("case", SOUND)
def test_sound_parameters_are_understood(case: str) -> None:
    """What the author wrote becomes the typed parameter."""
    written, expected = SOUND[case]
    assert read([written]) == Space((expected,))


MIN, MAX, STEP, LIST = (f"feasibleSpace.{end}" for end in ("min", "max", "step", "list"))
FAULTY: dict[str, tuple[Written, list[str]]] = {
    "min above max": (a_double(min="2"), [MIN]),
    "no min": (a_double(min=""), [MIN]),
    "neither bound": (Written("int", Feasible()), [MIN, MAX]),
    "min is a word": (a_double(min="small"), [MIN]),
    "both bounds bad": (a_double(min="nan", max="inf"), [MIN, MAX]),
    "a logarithm of zero": (a_double(distribution="logUniform"), [MIN]),
    "a logarithm of a negative": (a_double(min="-1", distribution="logNormal"), [MIN]),
    "step 0": (a_double(step="0"), [STEP]),
    "a negative step": (an_int(step="-1"), [STEP]),
    "a step too small to count": (a_double(min="1e9", max="2e9", step="1e-9"), [STEP]),
    "half an int": (an_int(min="1.5"), [MIN]),
    "a broken int step": (an_int(step="0.5"), [STEP]),
    "an int beyond 64 bits": (an_int(max="1e30"), [MAX]),
    "a list for a double": (
        Written("double", Feasible("0", "1", list_=["1"])),
        [LIST],
    ),
    "no list": (Written("categorical", Feasible()), [LIST]),
    "an empty list": (a_list("discrete"), [LIST]),
    "a word among numbers": (a_list("discrete", "1", "two", "3"), [f"{LIST}.1"]),
    "the same number twice": (a_list("discrete", "0.1", "1", "0.10"), [f"{LIST}.2"]),
    "the same word twice": (a_list("categorical", "a", "b", "a"), [f"{LIST}.2"]),
    "bounds for a list": (
        Written("categorical", Feasible("0", "1", "1", ["a"])),
        [MIN, MAX, STEP],
    ),
    "no type": (Written(None), ["parameterType"]),
    "no feasible space": (Written("int", None), ["feasibleSpace"]),
    "an unknown distribution": (a_double(distribution="zipf"), ["feasibleSpace.distribution"]),
    "no name": (Written(name=" "), ["name"]),
    "everything at once": (
        Written("flaot", Feasible(distribution="gauss"), ""),
        ["name", "parameterType", "feasibleSpace.distribution"],
    ),
}


@pytest.mark.parametrize("case", FAULTY)
def test_every_fault_is_found_where_it_is(case: str) -> None:
    """All faults, each at its field, each with a mend."""
    written, paths = FAULTY[case]
    found = faults_of(written)
    assert [path for path, _, _ in found] == paths
    assert all(problem and mend for _, problem, mend in found)


ADVICE = {
    "a misspelt type": (Written("categorial"), 'did you mean "categorical"?'),
    "another system's type": (Written("float"), 'did you mean "double"?'),
    "a type in capitals": (Written("DOUBLE"), 'did you mean "double"?'),
    "a type like no other": (Written("xyz"), "known: categorical, discrete, double, int"),
    "log alone": (a_double(distribution="log"), 'did you mean "logUniform"?'),
    "another case": (a_double(distribution="lognormal"), 'did you mean "logNormal"?'),
    "reversed bounds": (a_double(min="2"), "swap them or widen the space"),
    "words in a discrete list": (
        a_list("discrete", "adam"),
        'write a number such as "10", "0.01" or "1e-5", or use parameterType: categorical',
    ),
}


@pytest.mark.parametrize("case", ADVICE)
def test_the_mend_is_what_the_author_needs(case: str) -> None:
    """The nearest word is offered, or what else would have been right."""
    written, mend = ADVICE[case]
    assert [said for _, _, said in faults_of(written)] == [mend]


def test_names_are_unique() -> None:
    """The second use of a name is the fault, and says where the first one is."""
    with pytest.raises(Invalid) as caught:
        read([Written(name="lr"), Written(name="m"), Written(name="lr")])
    assert [str(fault) for fault in caught.value.faults] == [
        '[2].name: "lr" is already the name of parameters[0]; rename one of them'
    ]


def test_faults_of_all_parameters_come_in_order() -> None:
    """One bad parameter does not hide the next."""
    with pytest.raises(Invalid) as caught:
        read([a_double(min="2"), Written(name="y"), Written("int", Feasible("1", "x"), "x")])
    assert [fault.path for fault in caught.value.faults] == [
        (0, "feasibleSpace", "min"),
        (2, "name"),
        (2, "feasibleSpace", "max"),
    ]


TEXTS = st.one_of(st.none(), st.text(max_size=8), st.floats().map(str), st.integers().map(str))


@given(
    st.lists(
        st.builds(
            Written,
            st.one_of(st.sampled_from(["double", "int", "discrete", "categorical"]), TEXTS),
            st.one_of(
                st.none(),
                st.builds(
                    Feasible,
                    TEXTS,
                    TEXTS,
                    TEXTS,
                    st.one_of(st.none(), st.lists(st.one_of(st.text(), st.floats().map(str)))),
                    st.one_of(st.sampled_from(["uniform", "logUniform", "normal"]), TEXTS),
                ),
            ),
            TEXTS,
        ),
        max_size=3,
    )
)
def test_whatever_is_written_has_an_answer(parameters: list[Written]) -> None:
    """Any text at all gives a space that works, or faults: nothing else is ever raised."""
    try:
        space = read(parameters)
    except Invalid:
        return
    for u in (0.0, 0.3, 1.0):
        assert space.contains(space.from_unit([u] * len(space)))
