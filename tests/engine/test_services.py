"""Algorithms of others through the real Engine: asked, told, refused, lost and found again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from engine.stage import DirectSuggester, Stage
from munshi.algorithms import Mark, Reply
from munshi.api.common import EarlyStoppingRule, EarlyStoppingSpec
from munshi.api.experiment import Experiment
from munshi.api.trial import Trial
from munshi.engine.engine import ASKS
from munshi.engine.services import NoServices
from munshi.errors import AlgorithmRefused, MunshiError, Retryable, ServiceBroke
from munshi.reconcile.stopping import Rules
from munshi.reconcile.views import SuggestionView
from munshi.testing.builders import an_experiment
from munshi.testing.clock import simulated
from munshi.testing.launcher import Script

RULE = EarlyStoppingRule(name="accuracy", value="0.9", comparison="less", start_step=2)


@dataclass(slots=True)
class Scripted:
    """Answers for the algorithm `mine` and the early stopping `theirs`.

    Attributes:
        marks: Name and labels of the point with this number.
        settings: What it chose for itself.
        troubles: Raised by the questions to come, one each.
        told: What it was told: trials known, points wanted, the algorithm's own settings.
        ruled: How many trials had ended, at each question for rules.
        lawless: It does not answer questions for rules.
    """

    marks: Callable[[int], Mark] = lambda _: Mark()
    settings: dict[str, str] = field(default_factory=dict)
    troubles: list[MunshiError] = field(default_factory=list)
    told: list[tuple[int, int, dict[str, str]]] = field(default_factory=list)
    ruled: list[int] = field(default_factory=list)
    lawless: bool = False
    algorithms: Sequence[str] = ("mine",)
    early_stopping: Sequence[str] = ("theirs",)

    async def suggest(self, view: SuggestionView, count: int) -> Reply:
        """See `ports.Services`."""
        status = view.suggestion.status
        chosen = {one.name: one.value for one in status.algorithm_settings}
        self.told.append((len(view.trials), count, chosen))
        await asyncio.sleep(0.01)
        if self.troubles:
            raise self.troubles.pop(0)
        numbers = range(status.suggestion_count, status.suggestion_count + count)
        return Reply(
            tuple({"lr": f"0.0{1 + at % 5}"} for at in numbers),
            marks=tuple(self.marks(at) for at in numbers),
            settings=self.settings,
        )

    async def rules(self, experiment: Experiment, trials: Sequence[Trial]) -> Rules:
        """See `ports.Services`."""
        del experiment
        done = [trial for trial in trials if trial.status.completion_time is not None]
        self.ruled.append(len(done))
        if self.lawless:
            raise Retryable("away")
        return (RULE,)


def played(
    services: Scripted, experiment: Experiment | None = None, script: Script | None = None
) -> tuple[Experiment, list[Trial], dict[str, str]]:
    """An experiment with that service, its trials, and the settings of its Suggestion."""

    async def story() -> tuple[Experiment, list[Trial], dict[str, str]]:
        suggester = DirectSuggester()
        stage = Stage(lambda _: script or Script(), services=services, suggester=suggester)
        owner = await stage.play(experiment or an_experiment(algorithm="mine", max_trials=5))
        assert suggester.asked == 0
        settings = (await stage.suggestion()).status.algorithm_settings
        trials = await stage.trials()
        await stage.launcher.close()
        return owner, trials, {one.name: one.value for one in settings}

    return simulated(story())


def last(owner: Experiment) -> tuple[str, str]:
    """The last condition, and its message."""
    said = owner.status.conditions[-1]
    return said.type, said.message


def test_a_service_proposes_every_trial() -> None:
    """To the end of the experiment; munshi's own algorithms are not asked, and no seed is drawn for it."""
    owner, trials, settings = played(Scripted())
    assert last(owner)[0] == "Succeeded"
    assert [trial.spec.parameter_assignments[0].value for trial in trials] == [
        "0.01",
        "0.02",
        "0.03",
        "0.04",
        "0.05",
    ]
    assert settings == {}


def test_a_service_goes_before_an_algorithm_of_the_same_name() -> None:
    """As Katib's administrators may map a name to another image."""
    _, trials, _ = played(
        Scripted(algorithms=("random",)), an_experiment(algorithm="random", max_trials=1)
    )
    assert trials[0].spec.parameter_assignments[0].value == "0.01"


def test_names_and_labels_are_those_of_the_service() -> None:
    """The Trial bears them, and its spec has the labels, which are told to the service again."""
    marked = Scripted(lambda at: Mark(f"e-mine-{at}", {"generation": str(at)}))
    _, trials, _ = played(marked)
    assert [trial.name for trial in trials] == [f"e-mine-{at}" for at in range(5)]
    assert trials[2].metadata.labels["generation"] == "2"
    assert trials[2].spec.labels == {"generation": "2"}


def test_a_name_that_is_taken_is_replaced() -> None:
    """Five trials come of five points, though the service calls all of them the same."""
    _, trials, _ = played(Scripted(lambda _: Mark("e-one")))
    assert len({trial.name for trial in trials}) == 5
    assert [trial.name for trial in trials].count("e-one") == 1


def test_settings_that_it_chose_are_kept_and_told_again() -> None:
    """In the Suggestion's status; Katib's hyperband has its memory there."""
    services = Scripted(settings={"current_s": "2", "random_state": "often"})
    _, _, kept = played(services)
    assert kept == {"current_s": "2", "random_state": "often"}
    assert services.told[0][2] == {}
    assert services.told[-1][2] == kept


def test_a_refusal_fails_the_experiment_with_the_services_words() -> None:
    """At once: it will not change its mind."""
    owner, trials, _ = played(Scripted(troubles=[AlgorithmRefused("eta must be above 1")]))
    assert last(owner)[0] == "Failed"
    assert "eta must be above 1" in last(owner)[1]
    assert trials == []


def test_one_that_is_away_is_asked_again_until_it_is_back() -> None:
    """However long: fifty times it does not answer, and the experiment ends as if nothing had been."""
    owner, trials, _ = played(Scripted(troubles=[Retryable("away")] * 50))
    assert last(owner)[0] == "Succeeded"
    assert len(trials) == 5


@pytest.mark.parametrize("times", [ASKS - 1, ASKS])
def test_one_that_breaks_is_given_up_after_a_few_times(times: int) -> None:
    """Four times in a row are forgiven; the fifth fails the experiment, with what it was."""
    owner, _, _ = played(Scripted(troubles=[ServiceBroke("gave 2 where 3")] * times))
    assert last(owner)[0] == ("Failed" if times == ASKS else "Succeeded")
    assert ("gave 2 where 3" in last(owner)[1]) == (times == ASKS)


def test_a_munshi_that_was_not_told_of_the_service_loses_nothing() -> None:
    """Begun without the service's name in the middle, it waits; told of it again, it goes on to the end."""

    async def story() -> None:
        services = Scripted()
        stage = Stage(lambda _: Script(runs_s=5), services=services)
        await stage.store.create(an_experiment(algorithm="mine", parallel=1, max_trials=5))
        async with stage.engine() as engine:
            await stage.until(lambda: len(engine.mirror.everything()) >= 4)
        stage.services = None
        async with stage.engine():
            await asyncio.sleep(600)
        assert not (await stage.experiment()).is_completed
        stage.services = services
        assert last(await stage.go_on())[0] == "Succeeded"
        assert len(await stage.trials()) == 5
        await stage.launcher.close()

    simulated(story())


def stopped() -> Experiment:
    """Six trials one after the other, with the early stopping of a service."""
    one = an_experiment(algorithm="mine", parallel=1, max_trials=6)
    theirs = EarlyStoppingSpec(algorithm_name="theirs")
    return one.model_copy(update={"spec": one.spec.model_copy(update={"early_stopping": theirs})})


def test_rules_of_a_service_stop_trials() -> None:
    """Its rule stands on the trials, and ends those that meet it."""
    bad = Script((), curve=("0.1", "0.2", "0.3"), every_s=1.0)
    _, trials, _ = played(Scripted(), stopped(), bad)
    assert {trial.status.conditions[-1].type for trial in trials} == {"EarlyStopped"}
    (rule,) = trials[0].spec.early_stopping_rules
    assert (rule.value, rule.comparison, rule.start_step) == ("0.9", "less", 2)


def test_rules_are_asked_for_when_a_trial_has_succeeded() -> None:
    """And not at every look at the experiment: six trials are at most seven questions."""
    services = Scripted()
    _, trials, _ = played(services, stopped(), Script(("0.95",)))
    assert {trial.status.conditions[-1].type for trial in trials} == {"Succeeded"}
    assert services.ruled == sorted(set(services.ruled))
    assert len(services.ruled) <= 7


def test_without_its_early_stopping_an_experiment_goes_on() -> None:
    """The service of the rules is away all the time: no trial is stopped, and none is lost."""
    services = Scripted(lawless=True)
    owner, trials, _ = played(services, stopped(), Script(("0.1", "0.2", "0.3")))
    assert last(owner)[0] == "Succeeded"
    assert len(trials) == 6


def test_no_services_answer_for_nothing() -> None:
    """What an engine has that was told of none: no names, and a refusal for whoever asks all the same."""
    nobody = NoServices()
    assert not nobody.algorithms
    assert not nobody.early_stopping
    with pytest.raises(AlgorithmRefused):
        asyncio.run(nobody.rules(an_experiment(), ()))
