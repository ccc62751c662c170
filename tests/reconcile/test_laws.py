"""The five laws of the core, by Hypothesis, over a world that loses, repeats and reorders."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from munshi.api.experiment import Experiment, ResumePolicy
from munshi.reconcile.experiment import reconcile_experiment
from munshi.reconcile.suggestion import reconcile_suggestion
from munshi.reconcile.trial import reconcile_trial
from munshi.reconcile.views import ExperimentView, SuggestionView, TrialView
from munshi.testing.builders import (
    NOW,
    a_double,
    a_view,
    an_assignment,
    an_experiment,
    an_int,
    an_objective,
    choices,
    failed,
    killed,
    pending,
    running,
    succeeded,
    without_metrics,
)
from reconcile.world import World, annotated

FATES = st.sampled_from(
    [
        pending(),
        running(),
        succeeded(0.1),
        succeeded(0.9),
        succeeded("nan"),
        failed(),
        killed(),
        without_metrics(),
    ]
)
quickly = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


@st.composite
def experiments(draw: st.DrawFn, /, **fixed: object) -> Experiment:
    """Small experiments of every shape."""
    said: dict[str, object] = {
        "parallel": draw(st.integers(1, 4)),
        "max_trials": draw(st.integers(1, 9)),
        "max_failed": draw(st.none() | st.integers(0, 4)),
        "resume": draw(st.sampled_from(ResumePolicy)),
        "objective": an_objective(goal=draw(st.sampled_from([None, 0.2, 2.0]))),
        "algorithm": draw(st.sampled_from(["random", "grid", "sobol", "hyperband"])),
    }
    said |= fixed
    if said["algorithm"] == "grid":
        said["parameters"] = (choices("a", "b", "c", "d", "f", "g"),)
    if said["algorithm"] == "hyperband":
        said["parameters"] = (a_double(), an_int("epochs", 1, 4))
        said["settings"] = {"resource_name": "epochs", "r_l": "4", "eta": "2"}
    return an_experiment(**said)  # type: ignore[arg-type] # drawn by name


@st.composite
def views(draw: st.DrawFn) -> ExperimentView:
    """Any experiment with any trials, reachable or not."""
    fates = draw(st.lists(FATES, max_size=8))
    waiting = [an_assignment(f"w-{at}", len(fates) + at) for at in range(draw(st.integers(0, 3)))]
    deleted = draw(st.integers(0, 3))
    view = a_view(
        draw(experiments()),
        fates,
        given=len(fates) + len(waiting) + deleted,
        waiting=waiting,
        exhausted=draw(st.booleans()),
        failed=draw(st.sampled_from(["", "", "refused"])),
    )
    wishes = st.sampled_from([{}, {}, {"stop": ""}, {"suspend": ""}])
    retries = st.sampled_from([{}, {}, {"retry": "1"}, {"retry": "0"}])
    trials = tuple(annotated(trial, draw(retries)) for trial in view.trials)
    return replace(view, experiment=annotated(view.experiment, draw(wishes)), trials=trials)


@quickly
@given(views(), st.randoms(use_true_random=False))
def test_law_1_the_same_view_gives_the_same_plan(view: ExperimentView, chance: Random) -> None:
    """Order of trials is irrelevant, for an Experiment's plan and for what an algorithm is asked."""
    shuffled = list(view.trials)
    chance.shuffle(shuffled)
    other = replace(view, trials=tuple(shuffled))
    assert reconcile_experiment(view, NOW) == reconcile_experiment(other, NOW)
    assert view.suggestion is not None
    raised = view.suggestion.spec.model_copy(update={"requests": 99})
    suggestion = view.suggestion.model_copy(update={"spec": raised})
    asked = [
        reconcile_suggestion(SuggestionView(view.experiment, suggestion, trials), NOW)
        for trials in (view.trials, tuple(shuffled))
    ]
    assert asked[0] == asked[1]


@quickly
@given(views())
def test_law_2_a_status_once_written_stays(view: ExperimentView) -> None:
    """A pass over its own status says the same again, whatever the view and however late."""
    first = reconcile_experiment(view, NOW)
    later = view.experiment.model_copy(update={"status": first.status})
    again = reconcile_experiment(replace(view, experiment=later), NOW.replace(year=2030))
    assert again.status == first.status
    for trial in view.trials:
        plan = reconcile_trial(TrialView(trial), NOW)
        if trial.is_completed:
            assert plan.actions == ()
            assert plan.status == trial.status


@quickly
@given(experiments(), st.integers(0, 2**32))
def test_law_2_a_world_that_stands_still_comes_to_rest(owner: Experiment, seed: int) -> None:
    """Between two endings of jobs a bounded number of rounds leaves nothing to do."""
    world, chance = World(owner), Random(seed)  # noqa: S311
    while True:
        assert world.settle_down() <= 8
        if not world.end_a_job(chance):
            break
    assert world.experiment.is_completed
    assert not world.active


def disturb(world: World, chance: Random, steps: int, *, user: bool) -> None:
    """Passes in any order, cut short or repeated; jobs end; perhaps a user meddles.

    `World` itself asserts law 3 at every creation.
    """
    finished = asked = False
    for _ in range(steps):
        world.order = lambda trials: sorted(trials, key=lambda _: chance.random())
        let, repeat = chance.choice([0, 1, 2, 3, 99, 99]), chance.random() < 0.3
        happens = chance.choice(
            ["experiment"] * 4 + ["suggestion"] * 3 + ["trial"] * 4 + ["end"] * 2 + ["user"]
        )
        if happens == "experiment":
            world.pass_experiment(let, repeat)
        elif happens == "suggestion":
            world.pass_suggestion(let, repeat)
        elif happens == "trial" and world.trials:
            world.pass_trial(chance.choice(sorted(world.trials)), let, repeat)
        elif happens == "end":
            world.end_a_job(chance)
        elif happens == "user" and user:
            asked |= meddle(world, chance)
        if world.experiment.spec.resume_policy in (ResumePolicy.NEVER, ResumePolicy.UNSET):
            assert world.experiment.is_completed or asked or not finished, "law 4"
            finished = world.experiment.is_completed


def meddle(world: World, chance: Random) -> bool:
    """What a user may do to an experiment; says whether it was to run a trial once more."""
    limit = world.experiment.spec.max_trial_count or 1
    spec = ["parallel", "parallel", "raise", "cut"]
    wishes = ["suspend", "resume", "resume", "stop", "stop-trial", *["retry"] * 3]
    what = chance.choice(["delete", "interrupt", *spec, *wishes])
    name = chance.choice(sorted(world.trials) or [""])
    match what:
        case "parallel":
            world.spec(parallel_trial_count=chance.randint(1, 5))
        case "raise":
            world.spec(max_trial_count=min(limit + 2, 15))
        case "cut":
            world.spec(max_trial_count=max(limit - 1, 1))
        case "interrupt":
            world.interrupt()
        case "suspend":
            world.annotate(suspend="")
        case "resume":
            world.annotate(suspend=None, stop=None)
        case "stop":
            world.annotate(stop=chance.choice(["", "enough"]))
        case "delete" if name:
            world.delete(name)
        case "stop-trial" if name:
            world.annotate_trial(name, stop="")
        case "retry" if name:
            attempts = world.trials[name].status.attempts
            world.annotate_trial(name, stop=None, retry=str(attempts))
            return True
    return False


@quickly
@given(experiments(), st.integers(0, 2**32))
def test_laws_3_and_4_whatever_happens(owner: Experiment, seed: int) -> None:
    """Never too many at once or ever, no result withdrawn, finished stays finished; and it ends.

    Under a suspension nothing begins: `World` asserts that too.
    """
    world, chance = World(owner), Random(seed)  # noqa: S311
    disturb(world, chance, 150, user=True)
    world.order = list
    world.annotate(suspend=None)
    world.run(chance)
    assert world.experiment.is_completed
    assert not world.active
    assert not world.running_jobs
    status = world.experiment.status
    world.settle_down()
    assert world.experiment.status == status


def end(world: World) -> object:
    """What must not depend on timing or accidents."""
    status = world.experiment.status
    tried = {
        (t.name, t.spec.parameter_assignments, t.status.conditions[-1].type, t.status.observation)
        for t in world.trials.values()
    }
    counts = (
        status.trials,
        status.trials_succeeded,
        status.trials_failed,
        status.trial_metrics_unavailable,
    )
    best = status.current_optimal_trial
    return tried, counts, best and best.best_trial_name, status.conditions[-1].reason


@quickly
@given(
    experiments(max_failed=None, objective=an_objective(), resume=ResumePolicy.NEVER),
    st.integers(0, 2**32),
)
def test_law_5_accidents_do_not_change_the_end(owner: Experiment, seed: int) -> None:
    """Lost, repeated and cut passes in any order lead to the trials, counts and reason of a calm world."""
    calm, wild, chance = World(owner), World(owner), Random(seed)  # noqa: S311
    calm.run(Random(0))  # noqa: S311
    disturb(wild, chance, 150, user=False)
    wild.order = list
    wild.run(chance)
    assert end(wild) == end(calm)
    assert len(wild.launched) == len(set(wild.launched)), "a job was started twice"


@quickly
@given(st.integers(0, 2**32), st.integers(1, 4), st.integers(1, 4))
def test_law_5_parallelism_does_not_change_the_points(seed: int, one: int, other: int) -> None:
    """Lowering and raising parallelTrialCount withdraws and returns trials; the points stay the same."""
    calm, wild, chance = (
        World(an_experiment(parallel=one)),
        World(an_experiment(parallel=one)),
        Random(seed),  # noqa: S311
    )
    calm.run(Random(0))  # noqa: S311
    for _ in range(6):
        wild.spec(parallel_trial_count=chance.choice([one, other]))
        disturb(wild, chance, 25, user=False)
    wild.order = list
    wild.run(chance)
    assert end(wild) == end(calm)
