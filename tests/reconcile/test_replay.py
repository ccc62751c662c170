"""A search told again from its records, in a world where jobs end in any order."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from munshi import algorithms
from munshi.algorithms import Reply
from munshi.api.common import ParameterAssignment
from munshi.api.meta import AFTER_ANNOTATION, INDEX_ANNOTATION
from munshi.api.trial import Trial
from munshi.reconcile import replay
from munshi.reconcile.replay import Account, Difference
from munshi.testing.builders import a_double, an_experiment, choices
from reconcile.world import World

quickly = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


def a_world(algorithm: str, parallel: int = 3, trials: int = 20) -> World:
    """An experiment that has not begun."""
    parameters = (a_double(), choices("a", "b", name="act"))
    space = (choices(*"abcdefgh"),) if algorithm == "grid" else parameters
    made = an_experiment(
        algorithm=algorithm,
        parallel=parallel,
        max_trials=trials,
        max_failed=trials,
        parameters=space,
    )
    return World(made)


def ended(algorithm: str, seed: int = 3, parallel: int = 3, trials: int = 20) -> World:
    """An experiment that has run to its end."""
    world = a_world(algorithm, parallel, trials)
    world.run(Random(seed))  # noqa: S311 - nothing is kept secret by it
    return world


def account_of(world: World) -> Account:
    """What can be asked again."""
    assert world.suggestion is not None
    return replay.account(world.experiment, world.suggestion, list(world.trials.values()))


def found(account: Account) -> list[Difference]:
    """What comes out otherwise."""
    method = algorithms.find(account.algorithm)
    return [
        one
        for step in account.steps
        for one in replay.differences(step, method.suggest(step.request))
    ]


def compared(account: Account) -> int:
    """How many suggestions are asked again."""
    return sum(len(step.given) for step in account.steps)


@pytest.mark.parametrize("algorithm", ["random", "grid", "sobol", "tpe", "multivariate-tpe"])
def test_a_finished_search_comes_out_the_same(algorithm: str) -> None:
    """Every suggestion is asked again, in order, and each of them agrees."""
    world = ended(algorithm)
    account = account_of(world)
    assert (account.gap, account.algorithm) == ("", algorithm)
    assert compared(account) == account.total == len(world.trials)
    assert found(account) == []


@quickly
@given(
    st.sampled_from(["tpe", "multivariate-tpe"]),
    st.integers(1, 5),
    st.integers(0, 2**16),
)
def test_in_whatever_order_jobs_end(algorithm: str, parallel: int, seed: int) -> None:
    """The records explain the search for any parallelism and any order of results."""
    account = account_of(ended(algorithm, seed, parallel))
    assert compared(account) == account.total
    assert found(account) == []


@quickly
@given(st.integers(0, 2**16), st.data())
def test_after_crashes_interruptions_and_a_changed_parallelism(
    seed: int, data: st.DataObject
) -> None:
    """Passes cut short, programs put aside and trials given back leave records that explain the search."""
    world, chance = a_world("tpe", parallel=4), Random(seed)  # noqa: S311 - likewise
    for _ in range(40):
        let = data.draw(st.integers(0, 3))
        world.pass_experiment(let)
        world.pass_suggestion(let, repeat=data.draw(st.booleans()))
        for name in list(world.trials):
            world.pass_trial(name, let)
        match data.draw(st.sampled_from(["end", "end", "end", "interrupt", "fewer", "more"])):
            case "end":
                world.end_a_job(chance)
            case "interrupt":
                world.interrupt()
            case "fewer":
                world.spec(parallel_trial_count=1)
            case _:
                world.spec(parallel_trial_count=4)
    world.run(chance)
    account = account_of(world)
    assert compared(account) == account.total == 20
    assert found(account) == []


def test_a_search_under_way_can_be_told_too() -> None:
    """Trials that run, and suggestions that have no trial yet, are compared as well."""
    world = a_world("tpe")
    world.pass_experiment()
    world.pass_experiment()
    world.pass_suggestion()
    account = account_of(world)
    assert not world.trials
    assert compared(account) == account.total == 3
    assert found(account) == []


def test_suggestions_on_the_same_results_are_one_question() -> None:
    """The first batch, given when nothing was known, is asked at once; then comes what a result taught."""
    account = account_of(ended("tpe"))
    assert len(account.steps[0].given) == 3
    second = account.steps[1].request
    assert (second.first_index, len(second.results), len(second.pending)) == (3, 1, 2)


def changed(trial: Trial, value: str) -> Trial:
    """The trial as if it had been given another `lr`."""
    pairs = tuple(
        ParameterAssignment(name=pair.name, value=value if pair.name == "lr" else pair.value)
        for pair in trial.spec.parameter_assignments
    )
    spec = trial.spec.model_copy(update={"parameter_assignments": pairs})
    return trial.model_copy(update={"spec": spec})


def test_a_trial_that_was_given_something_else_is_a_difference() -> None:
    """It is named, with its number, what is recorded and what comes out."""
    world = ended("random")
    [name] = [n for n, t in world.trials.items() if t.metadata.annotations[INDEX_ANNOTATION] == "7"]
    was = world.trials[name]
    world.trials[name] = changed(was, "0.0123")
    [one] = found(account_of(world))
    assert (one.given.name, one.given.index) == (name, 7)
    assert one.given.assignments["lr"] == "0.0123"
    assert one.again == {p.name: p.value for p in was.spec.parameter_assignments}


def test_a_point_that_does_not_come_again_is_a_difference() -> None:
    """An algorithm that is exhausted earlier today gives nothing to compare with."""
    step = account_of(ended("tpe")).steps[0]
    short = Reply(tuple(one.assignments for one in step.given[:1]), exhausted=True)
    assert [one.again for one in replay.differences(step, short)] == [None, None]


def with_notes(trial: Trial, **notes: str | None) -> Trial:
    """The trial with annotations set, or taken away."""
    said = dict(trial.metadata.annotations)
    for key, value in notes.items():
        said.pop(KEYS[key], None)
        if value is not None:
            said[KEYS[key]] = value
    meta = trial.metadata.model_copy(update={"annotations": said})
    return trial.model_copy(update={"metadata": meta})


KEYS = {"index": INDEX_ANNOTATION, "after": AFTER_ANNOTATION, "retry": "munshi/retry"}


def test_what_is_deleted_is_a_gap() -> None:
    """Up to a deleted trial all is compared, behind it nothing: the questions cannot be put together."""
    world = ended("tpe")
    [name] = [n for n, t in world.trials.items() if t.metadata.annotations[INDEX_ANNOTATION] == "5"]
    del world.trials[name]
    account = account_of(world)
    assert compared(account) == 5
    assert account.total == 19
    assert account.gap == "suggestion number 5 is not there any more"
    assert found(account) == []


def test_a_result_that_is_not_known_any_more_is_a_gap() -> None:
    """A trial that taught something and runs once more says so; nothing behind it is compared."""
    world = ended("tpe")
    teacher = next(
        name
        for trial in sorted(
            world.trials.values(), key=lambda t: int(t.metadata.annotations[INDEX_ANNOTATION])
        )
        for name in trial.metadata.annotations.get(AFTER_ANNOTATION, "").split(",")
        if name
    )
    held = world.trials[teacher]
    world.trials[teacher] = held.model_copy(
        update={"status": held.status.model_copy(update={"conditions": ()})}
    )
    account = account_of(world)
    assert compared(account) < account.total
    assert account.gap == f"trial {teacher}, which taught something, has no result any more"


def test_trials_of_unknown_origin_are_told() -> None:
    """A trial without munshi's number is counted and not compared."""
    world = ended("random")
    [last] = [
        n for n, t in world.trials.items() if t.metadata.annotations[INDEX_ANNOTATION] == "19"
    ]
    world.trials[last] = with_notes(world.trials[last], index=None)
    account = account_of(world)
    assert (compared(account), account.total) == (19, 20)
    assert account.gap == "1 trial is without a number, made by something else than munshi"


def test_trials_that_were_run_once_more_are_named() -> None:
    """What such a trial reported first is not kept: whoever looks at a difference should know."""
    world = ended("random")
    name = next(iter(world.trials))
    world.trials[name] = with_notes(world.trials[name], retry="1")
    assert account_of(world).retried == (name,)
