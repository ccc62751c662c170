"""`munshi.Study`: asked for trials and told how they went."""

from __future__ import annotations

import math
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import munshi
from munshi import algorithms
from munshi.algorithms import Reply, Request
from munshi.errors import AlgorithmRefused, AlreadyExists, Invalid, NotFound
from munshi.sdk.study import Trial

X = {"x": (0.0, 1.0)}
MIXED: dict[str, Any] = {"lr": (1e-5, 1.0, "log"), "n": (1, 9), "act": ["relu", "tanh"]}


def faults(**arguments: Any) -> list[str]:
    """What is wrong with a Study's arguments, a line each."""
    with pytest.raises(Invalid) as refused:
        munshi.Study(**arguments)
    return refused.value.lines()


def places(**arguments: Any) -> list[str]:
    """Where it is wrong."""
    with pytest.raises(Invalid) as refused:
        munshi.Study(**arguments)
    return sorted(fault.field for fault in refused.value.faults)


def best(study: munshi.Study) -> Trial | None:
    """Its best trial now; type checkers take a property for something that stays."""
    return study.best


def is_finished(study: munshi.Study) -> bool:
    """Whether it is finished now, likewise."""
    return study.finished


def searched(trials: int, **arguments: Any) -> munshi.Study:
    """A search that was told, one by one, how far `x` is from 0.3."""
    study = munshi.Study(X, **arguments)
    for _ in range(trials):
        [trial] = study.ask()
        study.tell(trial, abs(trial.assignments["x"] - 0.3))
    return study


# -- what may vary ------------------------------------------------------------------------------

SHORT: dict[str, tuple[Any, type, set[Any] | None]] = {
    "two floats are a range of floats": ((0.0, 1.0), float, None),
    "an int and a float are a range of floats": ((0, 1.5), float, None),
    "two ints are a range of ints": ((1, 3), int, {1, 2, 3}),
    "a range has its step and leaves out its end": (range(2, 8, 2), int, {2, 4, 6}),
    "a range may count down": (range(6, 0, -2), int, {2, 4, 6}),
    "a list of ints stays a list of ints": ([1, 10, 100], int, {1, 10, 100}),
    "a list of floats stays a list of floats": ([0.1, 0.2], float, {0.1, 0.2}),
    "texts stay texts, even those that look like numbers": (["1", "2"], str, {"1", "2"}),
    "one entry is a constant": (["adam"], str, {"adam"}),
    "numbers of another library are numbers": ((np.int64(1), np.int64(2)), int, {1, 2}),
    "Katib's int": (
        {"parameterType": "int", "feasibleSpace": {"min": "1", "max": 2}},
        int,
        {1, 2},
    ),
    "Katib's discrete ints": (
        {"parameterType": "discrete", "feasibleSpace": {"list": ["1", "10"]}},
        int,
        {1, 10},
    ),
    "Katib's discrete floats": (
        {"parameterType": "discrete", "feasibleSpace": {"list": ["0.10", "1e1"]}},
        float,
        {0.1, 10.0},
    ),
    "Katib's categories are text": (
        {"parameterType": "categorical", "feasibleSpace": {"list": ["1", "b"]}},
        str,
        {"1", "b"},
    ),
}


@pytest.mark.parametrize(("short", "kind", "values"), SHORT.values(), ids=SHORT)
def test_a_parameter_has_the_values_it_was_written_with(
    short: Any, kind: type, values: set[Any] | None
) -> None:
    """Each form gives values of its own type, all those that it allows and no other."""
    study = munshi.Study({"p": short}, algorithm="random", seed=0)
    found = [trial.assignments["p"] for trial in study.ask(20)]
    assert {type(one) for one in found} == {kind}
    assert values is None or set(found) == values


def test_a_mixed_list_gives_its_entries_back() -> None:
    """None, truth values, numbers and texts come back as the very entries."""
    entries = [None, True, 3, 0.5, "three"]
    study = munshi.Study({"p": entries}, algorithm="random", seed=0)
    found = [trial.assignments["p"] for trial in study.ask(9)]
    assert sorted(map(repr, found)) == sorted(map(repr, entries))


def test_katibs_list_is_a_study_too() -> None:
    """The parameters of an Experiment, as they stand in a file, give the points of its space."""
    katib = [
        {"name": "lr", "parameterType": "double", "feasibleSpace": {"min": "0.01", "max": "0.02"}},
        {"name": "k", "parameterType": "categorical", "feasibleSpace": {"list": ["a"]}},
    ]
    [trial] = munshi.Study(katib, seed=3).ask()
    assert 0.01 <= trial.assignments["lr"] <= 0.02
    assert trial.assignments["k"] == "a"


WRONG: dict[str, tuple[dict[str, Any], list[str]]] = {
    "nothing at all": ({"parameters": {}}, ["parameters"]),
    "no mapping and no list": ({"parameters": 3}, ["parameters"]),
    "a bare number": ({"parameters": {"x": 3}}, ["parameters.x"]),
    "an empty range": ({"parameters": {"x": range(0)}}, ["parameters.x"]),
    "a text as an end": ({"parameters": {"x": (0, "1")}}, ["parameters.x"]),
    "ends the wrong way round": ({"parameters": {"x": (1, 0)}}, ["parameters.x.min"]),
    "a logarithm of zero": ({"parameters": {"x": (0.0, 1.0, "log")}}, ["parameters.x.min"]),
    "an unknown distribution": (
        {"parameters": {"x": (1, 2, "flat")}},
        ["parameters.x.distribution"],
    ),
    "an empty list": ({"parameters": {"x": []}}, ["parameters.x.list"]),
    "an entry that is no value": ({"parameters": {"x": [object()]}}, ["parameters.x[0]"]),
    "a number that stands twice": ({"parameters": {"x": [1, 1.0]}}, ["parameters.x.list[1]"]),
    "NaN in a list": ({"parameters": {"x": [1.0, math.nan]}}, ["parameters.x.list[1]"]),
    "a name that is a number": ({"parameters": {1: (0, 1)}}, ["parameters.1"]),
    "Katib's list with a misspelt field": (
        {"parameters": [{"nam": "x", "parameterType": "int", "feasibleSpace": {}}]},
        [
            "parameters[0].feasibleSpace.max",
            "parameters[0].feasibleSpace.min",
            "parameters[0].nam",
            "parameters[0].name",
        ],
    ),
    "an unknown direction": ({"parameters": X, "objective": "least"}, ["objective"]),
    "no direction": ({"parameters": X, "objective": {"goal": 1}}, ["objective"]),
    "no objective": ({"parameters": X, "objective": None}, ["objective"]),
    "a goal in words": (
        {"parameters": X, "objective": {"type": "minimize", "goal": "low"}},
        ["objective.goal"],
    ),
    "an unknown algorithm": ({"parameters": X, "algorithm": "tpee"}, ["algorithm"]),
    "no algorithm": ({"parameters": X, "algorithm": None}, ["algorithm"]),
    "a space that the algorithm cannot search": (
        {"parameters": X, "algorithm": "grid"},
        ["algorithm"],
    ),
    "an unknown setting and a wild one": (
        {"parameters": X, "settings": {"gama": 1, "gamma": 2}},
        ["settings.gama", "settings.gamma"],
    ),
    "a negative seed": ({"parameters": X, "seed": -1}, ["seed"]),
    "two seeds": ({"parameters": X, "seed": 1, "settings": {"random_state": 1}}, ["seed"]),
    "no trial allowed": ({"parameters": X, "max_trials": 0}, ["max_trials"]),
    "half a trial at once": ({"parameters": X, "parallel": 0.5}, ["parallel"]),
}


@pytest.mark.parametrize(("arguments", "where"), WRONG.values(), ids=WRONG)
def test_a_fault_has_its_place(arguments: dict[str, Any], where: list[str]) -> None:
    """What is wrong is told once, at the argument it stands in, under the name the program wrote."""
    assert places(**arguments) == where


def test_all_faults_come_at_once() -> None:
    """Parameters, objective, algorithm, settings, seed and limits are judged in one go."""
    found = faults(
        parameters={"a": 3, "b": (2, 1)},
        objective="best",
        algorithm="tpee",
        seed=-1,
        max_trials=0,
        parallel=0,
    )
    assert [line.partition(":")[0] for line in found] == [
        "parameters.a", "max_trials", "parallel", "seed", "objective", "parameters.b.min", "algorithm",
    ]  # fmt: skip


# -- asking -------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", sorted({"random", "sobol", "tpe", "multivariate-tpe"}))
def test_the_trials_are_the_algorithms(algorithm: str) -> None:
    """A Study gives out the very points that the algorithm proposes for its seed and outcomes."""
    study = searched(14, algorithm=algorithm, seed=5)
    space = study._wanted.space
    asked = Request(space, False, {}, 5, study._request(1).results, (), 14, 2)
    reply = algorithms.find(algorithm).suggest(asked)
    expected = [float(point["x"]) for point in reply.assignments]
    assert [trial.assignments["x"] for trial in study.ask(2)] == expected


def test_the_seed_decides_everything() -> None:
    """The same seed gives the same trials, another one others; without one a seed is drawn and told."""
    first = searched(15, seed=1)
    assert searched(15, seed=1).trials == first.trials
    assert searched(15, seed=2).trials != first.trials
    drawn = searched(3)
    assert searched(3, seed=drawn.seed).trials == drawn.trials


def test_a_random_state_takes_the_seeds_place() -> None:
    """What an Experiment's settings mean, they mean here."""
    settings = {"random_state": 9}
    assert searched(4, settings=settings).trials == searched(4, seed=9).trials


def test_results_teach_and_order_does_not_matter() -> None:
    """Told in another order, the same outcomes lead to the same next trial; others lead elsewhere."""

    def then(order: list[int], sign: float = 1.0) -> Any:
        study = munshi.Study(MIXED, seed=4)
        asked = study.ask(12)
        for index in order:
            study.tell(asked[index], sign * asked[index].assignments["lr"])
        return study.ask()[0].assignments

    assert then(list(range(12))) == then(list(range(12))[::-1])
    assert then(list(range(12))) != then(list(range(12)), -1.0)


def test_tpe_beats_chance() -> None:
    """On a bowl in three parameters its best of 40 is better than that of random search, in the median."""

    def reached(algorithm: str, seed: int) -> float:
        study = munshi.Study(dict.fromkeys("xyz", (0.0, 1.0)), algorithm=algorithm, seed=seed)
        for _ in range(40):
            [trial] = study.ask()
            study.tell(trial, sum((value - 0.7) ** 2 for value in trial.assignments.values()))
        assert study.best is not None
        assert study.best.value is not None
        return study.best.value

    medians = {
        a: np.median([reached(a, s) for s in range(7)]) for a in ("multivariate-tpe", "random")
    }
    assert medians["multivariate-tpe"] < medians["random"]


def test_an_exhausted_space_finishes_the_search() -> None:
    """The points that are left come, then none; the study says so and why."""
    study = munshi.Study({"k": ["a", "b", "c"]}, algorithm="grid")
    assert [trial.assignments["k"] for trial in study.ask(2)] == ["a", "b"]
    assert not is_finished(study)
    assert len(study.ask(2)) == 1
    assert is_finished(study)
    assert not study.waiting
    assert "3 points" in study.because
    assert study.ask(1) == []


def test_no_more_than_max_trials_are_given_out() -> None:
    """The last ask gives what the limit leaves, and the search is finished."""
    study = munshi.Study(X, algorithm="random", max_trials=3)
    assert len(study.ask(2)) == 2
    assert not is_finished(study)
    assert len(study.ask(2)) == 1
    assert is_finished(study)
    assert "max_trials=3" in study.because


class _Waits:
    """Gives one point, and the next when that has an outcome."""

    name = "tpe"
    settings = ()

    def check(self, *_: object) -> list[Any]:
        return []

    def suggest(self, request: Request) -> Reply:
        ready = not request.pending
        points = ({"x": "0.5"},) if ready else ()
        return Reply(points, waiting=True, because="one at a time")


def test_a_waiting_algorithm_goes_on_when_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it waits for is an outcome of a pending trial; until then ask gives none, and says so."""
    monkeypatch.setattr("munshi.algorithms.registry.find", lambda _: _Waits())
    monkeypatch.setattr("munshi.algorithms.find", lambda _: _Waits())
    study = munshi.Study(X)
    [trial] = study.ask(3)
    assert (study.waiting, study.finished, study.because) == (True, False, "one at a time")
    assert study.ask(3) == []
    study.tell(trial, 1.0)
    assert [one.name for one in study.ask(3)] == ["trial-1"]


def test_waiting_for_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """An algorithm that waits while no trial is pending would wait for ever: it is told to the caller."""

    class Stuck(_Waits):
        def suggest(self, request: Request) -> Reply:
            return Reply((), waiting=True)

    monkeypatch.setattr("munshi.algorithms.registry.find", lambda _: Stuck())
    monkeypatch.setattr("munshi.algorithms.find", lambda _: Stuck())
    with pytest.raises(AlgorithmRefused, match="no trial is pending"):
        munshi.Study(X).ask()


@pytest.mark.parametrize("n", [0, -1, 1.5, True, "2"])
def test_asking_for_no_whole_number_is_a_fault(n: Any) -> None:
    """Only a whole number of at least 1 can be asked for."""
    with pytest.raises(Invalid, match="ask for 1 trial or more"):
        munshi.Study(X).ask(n)


# -- telling ------------------------------------------------------------------------------------


def test_the_best_is_the_best_finite_value() -> None:
    """The least, or the greatest; failures, NaN and infinity never, and of equals the first."""
    for objective, expected in (("minimize", 3), ("maximize", 5)):
        study = munshi.Study(X, objective=objective, seed=0)
        asked = study.ask(8)
        assert best(study) is None
        study.tell(asked[0], failed=True)
        study.tell(asked[1], math.nan)
        study.tell(asked[2], -math.inf if objective == "minimize" else math.inf)
        assert best(study) is None
        for index, value in ((7, 1.0), (4, 1.0), (3, 1.0), (6, 3.0), (5, 3.0)):
            study.tell(asked[index].name, value)
        assert study.best is not None
        assert study.best.index == expected
        assert study.best == study.trials[expected]


def test_a_trial_remembers_how_it_went() -> None:
    """State, value, metrics and reason are those told; the others are pending."""
    study = munshi.Study(X, {"type": "minimize", "objectiveMetricName": "loss"}, seed=0)
    one, two, _ = study.ask(3)
    study.tell(one, {"loss": 0.5, "accuracy": np.float32(0.25)})
    study.tell(two, failed="out of memory")
    assert [trial.state for trial in study.trials] == ["succeeded", "failed", "pending"]
    assert study.trials[0].value == 0.5
    assert study.trials[0].metrics == {"loss": 0.5, "accuracy": 0.25}
    assert study.trials[1].reason == "out of memory"
    assert study.trials[2].value is None


def test_a_failed_trial_and_nan_are_results_without_value() -> None:
    """The algorithm hears of both as of a trial that ended without one."""
    study = munshi.Study(X, seed=0)
    one, two, three = study.ask(3)
    study.tell(one, failed=True)
    study.tell(two, math.nan)
    study.tell(three, 2.0)
    assert [result.value for result in study._request(1).results] == [None, None, 2.0]


def test_a_trial_is_told_once() -> None:
    """The second outcome is refused, whichever comes first; the first one stands."""
    study = munshi.Study(X, seed=0)
    one, two = study.ask(2)
    study.tell(one, 1.0)
    study.tell(two, failed=True)
    for trial in (one, two):
        with pytest.raises(AlreadyExists, match=trial.name):
            study.tell(trial, 2.0)
        with pytest.raises(AlreadyExists):
            study.tell(trial, failed=True)
    assert [trial.value for trial in study.trials] == [1.0, None]


def test_an_unknown_trial_is_not_found() -> None:
    """A name that was not given out is refused, with the one that was probably meant."""
    study = munshi.Study(X, seed=0)
    with pytest.raises(NotFound, match="ask"):
        study.tell("trial-0", 1.0)
    study.ask(12)
    with pytest.raises(NotFound, match='did you mean "trial-11"'):
        study.tell("trial11", 1.0)


UNTOLD: dict[str, tuple[Any, Any, str]] = {
    "no value": (None, False, "value"),
    "a word": ("good", False, "value.objective"),
    "a metric without the objective": ({"loss": 1.0}, False, "value"),
    "a metric that is no number": ({"objective": 1.0, "loss": [1]}, False, "value.loss"),
    "a value of a failed trial": (1.0, True, "failed"),
}


@pytest.mark.parametrize(("value", "failed", "where"), UNTOLD.values(), ids=UNTOLD)
def test_what_cannot_be_told_leaves_the_trial_pending(value: Any, failed: Any, where: str) -> None:
    """The fault names the argument, and the trial can still be told rightly."""
    study = munshi.Study(X, seed=0)
    [trial] = study.ask()
    with pytest.raises(Invalid) as refused:
        study.tell(trial, value, failed=failed)
    assert [fault.field for fault in refused.value.faults] == [where]
    assert study.tell(trial, 1.0).state == "succeeded"


@pytest.mark.parametrize(("kind", "worse"), [("minimize", 0.3), ("maximize", 0.1)])
def test_a_goal_ends_the_search(kind: str, worse: float) -> None:
    """A value as good as the goal finishes it; what is pending may still be told and be better."""
    study = munshi.Study(X, {"type": kind, "goal": 0.2}, seed=0)
    one, two, three = study.ask(3)
    study.tell(one, worse)
    assert not is_finished(study)
    study.tell(two, 0.2)
    assert is_finished(study)
    assert "goal 0.2" in study.because
    assert study.ask(2) == []
    better = 0.1 if kind == "minimize" else 0.3
    study.tell(three, better)
    assert study.best is not None
    assert study.best.value == better


# -- in programs --------------------------------------------------------------------------------


def test_threads_share_a_study() -> None:
    """Asked and told from eight threads at once, every trial is given out once and told once."""
    study = munshi.Study({"k": range(200)}, algorithm="random", seed=0)

    def work(_: int) -> str:
        [trial] = study.ask()
        study.tell(trial, float(trial.assignments["k"]))
        return trial.name

    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(work, range(100)))
    assert sorted(names) == sorted(f"trial-{index}" for index in range(100))
    assert len({trial.assignments["k"] for trial in study.trials}) == 100


def test_a_trial_travels_to_another_process() -> None:
    """It can be pickled, and told by the copy."""
    study = munshi.Study(MIXED, seed=0)
    [trial] = study.ask()
    copy = pickle.loads(pickle.dumps(trial))  # noqa: S301 - our own bytes
    assert copy == trial
    assert study.tell(copy, 1.0).state == "succeeded"


def test_importing_munshi_loads_no_study() -> None:
    """`import munshi` alone loads neither numpy nor pydantic; asking for Study does."""
    code = (
        "import sys, munshi\n"
        "heavy = {'numpy', 'pydantic', 'munshi.sdk', 'munshi.errors'}\n"
        "assert not heavy & set(sys.modules)\n"
        "munshi.Study\n"
        "assert 'munshi.sdk.study' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
