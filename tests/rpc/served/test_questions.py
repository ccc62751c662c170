"""A cluster that runs Katib asks munshi's algorithms."""

from __future__ import annotations

import pytest

from munshi import algorithms
from munshi.api.common import (
    Distribution,
    FeasibleSpace,
    ObjectiveType,
    ParameterSpec,
    ParameterType,
)
from munshi.errors import AlgorithmRefused, Retryable
from munshi.reconcile import names
from munshi.rpc.served import questions
from munshi.space import read
from munshi.testing.builders import (
    a_double,
    a_trial,
    an_objective,
    choices,
    failed,
    killed,
    pending,
    running,
    succeeded,
)
from rpc.served.asked import a_question

SIX = (choices(*"abcdef"),)
HISTORY = [
    a_trial("e-0", succeeded(0.9), index=0, value="0.011"),
    a_trial("e-1", running(), index=1, value="0.022"),
    a_trial("e-2", failed(), index=2, value="0.033"),
    a_trial("e-3", killed(), index=3, value="0.044"),
    a_trial("e-4", pending(), index=4, value="0.045"),
    a_trial("e-5", succeeded("nan"), index=5, value="0.046"),
]


ALWAYS_READY = [name for name in algorithms.known() if name != "hyperband"]
"""Those that need no setting and wait for nobody."""


@pytest.mark.parametrize("name", ALWAYS_READY)
@pytest.mark.parametrize("count", [1, 3, 7])
def test_exactly_as_many_points_as_were_wanted(name: str, count: int) -> None:
    """Each a value for every parameter, within the space."""
    stepped = ParameterSpec(
        name="x",
        parameter_type=ParameterType.DOUBLE,
        feasible_space=FeasibleSpace(min="0", max="1", step="0.1"),
    )
    space = (stepped, choices("a", "b", name="c"))
    points = questions.answer(a_question(count=count, algorithm=name, parameters=space))
    assert len(points) == count
    understood = read(space)
    assert all(understood.contains(point) for point in points)


@pytest.mark.parametrize("name", ALWAYS_READY)
@pytest.mark.parametrize("given", [4, 6, 40])
def test_a_finite_space_never_ends(name: str, given: int) -> None:
    """Katib knows no end: behind the last point of six, points are handed out again, and validly."""
    trials = [a_trial(f"e-{at}", succeeded(0.5), index=at, value="abcdef"[at]) for at in range(4)]
    asked = a_question(
        trials, count=5, given=given, algorithm=name, parameters=SIX, max_trials=None
    )
    points = questions.answer(asked)
    assert len(points) == 5
    assert {point["lr"] for point in points} <= set("abcdef")


def test_the_same_question_has_the_same_answer() -> None:
    """Nothing is remembered: after a restart, or from another replica, the answer is this one."""
    asked = a_question(HISTORY, count=3, algorithm="tpe")
    assert questions.answer(asked) == questions.answer(asked)


def test_the_order_of_trials_does_not_matter() -> None:
    """They are numbered by their start."""
    one = a_question(HISTORY, count=3, algorithm="tpe")
    other = a_question(HISTORY[::-1], count=3, algorithm="tpe")
    assert questions.understood(one) == questions.understood(other)


def test_a_batch_is_the_points_one_by_one() -> None:
    """How many were handed out before is total less current; chance is drawn by that number."""
    batch = questions.answer(a_question(count=3))
    single = [questions.answer(a_question(count=1, given=at))[0] for at in range(3)]
    assert batch == single


def test_the_seed_is_the_experiments_name_unless_it_is_set() -> None:
    """Two experiments draw differently, the same one always the same; random_state takes its place."""
    assert questions.understood(a_question()).seed == names.seed("e")
    assert questions.answer(a_question(name="a")) != questions.answer(a_question(name="b"))
    seeded = [a_question(name=name, settings={"random_state": "7"}) for name in "ab"]
    assert questions.answer(seeded[0]) == questions.answer(seeded[1])


def test_trials_are_results_or_pending() -> None:
    """Ended ones with their value, or with none where there is no number; the rest is under way."""
    request = questions.understood(a_question(HISTORY))
    assert {one.assignments["lr"]: one.value for one in request.results} == {
        "0.011": 0.9,
        "0.033": None,
        "0.046": None,
    }
    assert {one.assignments["lr"] for one in request.pending} == {"0.022", "0.044", "0.045"}


@pytest.mark.parametrize(
    ("kind", "maximize"), [(ObjectiveType.MAXIMIZE, True), (ObjectiveType.MINIMIZE, False)]
)
def test_the_direction_arrives(kind: ObjectiveType, maximize: bool) -> None:
    """Katib's own cmaes minimises whatever is said."""
    asked = a_question(objective=an_objective(kind))
    assert questions.understood(asked).maximize is maximize


def test_the_space_arrives_whole() -> None:
    """Every type, with step and distribution, as the same Experiment is understood here."""
    kinds = (
        a_double(),
        choices("x", "y", name="c"),
        ParameterSpec(
            name="k",
            parameter_type=ParameterType.INT,
            feasible_space=FeasibleSpace(min="1", max="64", distribution=Distribution.LOG_UNIFORM),
        ),
        ParameterSpec(
            name="d",
            parameter_type=ParameterType.DISCRETE,
            feasible_space=FeasibleSpace(list_=("1", "2.5")),
        ),
    )
    assert questions.understood(a_question(parameters=kinds)).space == read(kinds)


FAULTY = {
    "an algorithm nobody knows": ({"algorithm": "hyperopt"}, "unknown algorithm name hyperopt"),
    "a setting nobody knows": ({"settings": {"sigma": "1"}}, "sigma"),
    "a setting out of its limits": ({"settings": {"random_state": "-1"}}, "random_state"),
    "a range upside down": ({"parameters": (a_double(low="2", high="1"),)}, "lr|min|max"),
    "a grid of a continuum": ({"algorithm": "grid"}, "double without step"),
    "more trials than a grid has points": (
        {"algorithm": "grid", "parameters": SIX, "max_trials": 7},
        "only 6 points",
    ),
}


@pytest.mark.parametrize(("said", "words"), FAULTY.values(), ids=FAULTY)
def test_faults_are_found_before_the_first_trial(said: dict[str, object], words: str) -> None:
    """By the check, and by the question itself: Katib takes most answers to a check for a yes."""
    asked = a_question(**said)  # type: ignore[arg-type]
    assert len(questions.faults(asked.experiment)) == 1
    with pytest.raises(AlgorithmRefused, match=words):
        questions.answer(asked)


def test_an_experiment_without_parameters_is_refused() -> None:
    """An architecture search, for one."""
    asked = a_question()
    del asked.experiment.spec.parameter_specs.parameters[:]
    assert questions.faults(asked.experiment) == ["the experiment has no parameters"]


@pytest.mark.parametrize("count", [-1, questions.MOST + 1])
def test_a_number_of_points_beyond_reason_is_refused(count: int) -> None:
    """Rather than to compute for hours."""
    with pytest.raises(AlgorithmRefused, match="assignments are wanted"):
        questions.answer(a_question(count=count, given=10))


def test_no_point_is_as_many_as_none() -> None:
    """Nothing wanted, nothing given."""
    assert questions.answer(a_question(count=0)) == []


class Waits:
    """An algorithm that waits for results."""

    name = "random"

    def check(self, *_: object) -> list[object]:
        """Nothing is at fault."""
        return []

    def suggest(self, _: object) -> algorithms.Reply:
        """Nothing yet."""
        return algorithms.Reply((), waiting=True, because="a rung is under way")


def test_an_algorithm_that_waits_is_asked_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Katib repeats what fails, with growing pauses: its only way to wait."""
    monkeypatch.setattr(algorithms, "find", lambda _: Waits())
    with pytest.raises(Retryable, match="rung"):
        questions.answer(a_question())
