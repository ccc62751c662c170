"""The engine's port, answered by a service at a port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import repeat
from typing import Any

import grpc
import pytest

from munshi.api.common import EarlyStoppingSpec
from munshi.errors import AlgorithmRefused, Retryable, ServiceBroke
from munshi.reconcile.views import SuggestionView
from munshi.rpc import messages
from munshi.rpc.services.caller import Caller
from munshi.rpc.services.katib import KatibServices
from munshi.testing.builders import (
    a_double,
    a_suggestion,
    a_trial,
    an_experiment,
    running,
    succeeded,
)
from rpc.services.scripted import Scripted, points, rules, serving

OF_MINE = an_experiment("e", algorithm="mine", parameters=(a_double(), a_double("momentum")))
CODE = grpc.StatusCode
FAILURES = {
    CODE.INVALID_ARGUMENT: AlgorithmRefused,
    CODE.FAILED_PRECONDITION: AlgorithmRefused,
    CODE.UNIMPLEMENTED: AlgorithmRefused,
    CODE.UNAVAILABLE: Retryable,
    CODE.RESOURCE_EXHAUSTED: Retryable,
    CODE.DEADLINE_EXCEEDED: Retryable,
    CODE.UNKNOWN: ServiceBroke,
    CODE.INTERNAL: ServiceBroke,
}


@asynccontextmanager
async def asking(script: Scripted) -> AsyncIterator[KatibServices]:
    """The port, with `mine` and the early stopping `theirs` answered by the script."""
    async with serving(script) as address:
        callers = Caller("mine", address), Caller("theirs", address)
        try:
            services = KatibServices({"mine": callers[0]}, {"theirs": callers[1]})
            services.db_manager = "manager:6789"
            yield services
        finally:
            for caller in callers:
                await caller.close()


def a_view(**said: Any) -> SuggestionView:
    """Three trials known, and so many points handed out."""
    trials = [
        a_trial("e-1", succeeded(0.9), index=0),
        a_trial("e-2", running(), index=1),
        a_trial("e-3", succeeded(0.4), index=2),
    ]
    return SuggestionView(OF_MINE, a_suggestion(given=3, **said), trials)


def asked(script: Scripted, work: Callable[[KatibServices], Any]) -> Any:
    """What the port says to some work, with a service at hand."""

    async def story() -> Any:
        async with asking(script) as services:
            return await work(services)

    return asyncio.run(story())


def test_points_come_as_they_were_given() -> None:
    """Exactly as many as were wanted, parameters in the Experiment's order."""
    script = Scripted({"GetSuggestions": points})
    reply = asked(script, lambda services: services.suggest(a_view(), 2))
    assert reply.assignments == (
        {"lr": "0.01", "momentum": "0.01"},
        {"lr": "0.02", "momentum": "0.02"},
    )
    assert list(reply.assignments[0]) == ["lr", "momentum"]


def test_the_service_is_told_all_that_katib_tells() -> None:
    """The Experiment, every trial, how many points are wanted now, and how many ever."""
    script = Scripted({"GetSuggestions": points})
    asked(script, lambda services: services.suggest(a_view(), 2))
    (request,) = script.requests("GetSuggestions")
    assert request.experiment.name == "e"
    assert [trial.name for trial in request.trials] == ["e-1", "e-2", "e-3"]
    assert (request.current_request_number, request.total_request_number) == (2, 5)


def test_names_labels_and_settings_of_the_reply_are_kept() -> None:
    """As population based training needs it."""

    def marked(request: Any) -> Any:
        reply = points(request)
        reply.parameter_assignments[0].trial_name = "e-own-name"
        reply.parameter_assignments[0].labels["generation"] = "1"
        reply.algorithm.algorithm_settings.add(name="current_s", value="2")
        return reply

    reply = asked(
        Scripted({"GetSuggestions": marked}), lambda services: services.suggest(a_view(), 1)
    )
    assert reply.marks[0].name == "e-own-name"
    assert reply.marks[0].labels == {"generation": "1"}
    assert reply.settings == {"current_s": "2"}


def spoilt(change: Callable[[Any], object]) -> Callable[[Any], Any]:
    """An answer that is right but for one change."""

    def answer(request: Any) -> Any:
        reply = points(request)
        change(reply.parameter_assignments)
        return reply

    return answer


ANSWERS = {
    "too few points": (lambda said: said.pop(), "1 assignments where 2"),
    "too many points": (lambda said: said.add(), "3 assignments where 2"),
    "a parameter missing": (lambda said: said[0].assignments.pop(), "wanted: lr, momentum"),
    "a parameter twice": (
        lambda said: said[0].assignments.add(name="lr", value="1"),
        "wanted: lr, momentum",
    ),
    "a parameter nobody has": (
        lambda said: said[0].assignments.add(name="x", value="1"),
        "wanted: lr, momentum",
    ),
    "a name no Trial can have": (
        lambda said: setattr(said[0], "trial_name", "My Trial"),
        '"My Trial"',
    ),
    "a label none can have": (lambda said: said[0].labels.update(a="b c"), '"b c"'),
}


@pytest.mark.parametrize(("change", "said"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_that_cannot_be_used_is_the_services_error(
    change: Callable[[Any], object], said: str
) -> None:
    """Nothing of it becomes a trial, and the sentence says what was wrong."""
    script = Scripted({"GetSuggestions": spoilt(change)})
    with pytest.raises(ServiceBroke, match=said):
        asked(script, lambda services: services.suggest(a_view(), 2))


@pytest.mark.parametrize(("code", "kind"), FAILURES.items(), ids=[code.name for code in FAILURES])
def test_a_failed_call_says_what_to_do_next(code: grpc.StatusCode, kind: type[Exception]) -> None:
    """Refusals are final, absences pass, breakdowns may pass; gRPC's code decides."""
    script = Scripted(failures={"GetSuggestions": iter([(code, "no luck today")])})
    with pytest.raises(kind):
        asked(script, lambda services: services.suggest(a_view(), 2))


def test_a_refusal_is_in_the_services_own_words() -> None:
    """Escape characters cannot reach a terminal."""
    said = iter([(CODE.INVALID_ARGUMENT, "eta must be above 1\x1b[31m")])
    with pytest.raises(AlgorithmRefused) as refusal:
        asked(
            Scripted(failures={"GetSuggestions": said}),
            lambda services: services.suggest(a_view(), 2),
        )
    assert str(refusal.value) == "eta must be above 1\\x1b[31m"


def test_nobody_at_the_address_is_retryable() -> None:
    """With the address in the sentence."""

    async def story() -> None:
        caller = Caller("mine", "127.0.0.1:1")
        with pytest.raises(Retryable, match=r"127\.0\.0\.1:1"):
            await KatibServices({"mine": caller}, {}).suggest(a_view(), 1)
        await caller.close()

    asyncio.run(story())


def test_one_that_comes_back_is_found_again() -> None:
    """The next call after its return is answered, at the same address."""

    async def story() -> None:
        script = Scripted({"GetSuggestions": points})
        async with serving(script) as address:
            caller = Caller("mine", address)
            services = KatibServices({"mine": caller}, {})
            await services.suggest(a_view(), 1)
        with pytest.raises(Retryable):
            await services.suggest(a_view(), 1)
        async with serving(script, int(address.rpartition(":")[2])), asyncio.timeout(30):
            while True:
                try:
                    await services.suggest(a_view(), 1)
                    break
                except Retryable:
                    await asyncio.sleep(0.05)
        await caller.close()

    asyncio.run(story())


def test_settings_are_judged_by_the_service() -> None:
    """Its refusal is a fault at spec.algorithm, with its words; a yes is none."""
    script = Scripted(
        {"ValidateAlgorithmSettings": _empty("ValidateAlgorithmSettings")},
        {"ValidateAlgorithmSettings": iter([(CODE.INVALID_ARGUMENT, "width is missing")])},
    )

    async def work(services: KatibServices) -> None:
        (fault,) = await services.faults(OF_MINE)
        assert (fault.path, fault.problem) == (("spec", "algorithm"), "width is missing")
        assert await services.faults(OF_MINE) == []

    asked(script, work)


def test_an_exception_of_a_service_counts_as_its_refusal() -> None:
    """As with Katib: a Python service that raises in its check means no."""
    script = Scripted(failures={"ValidateAlgorithmSettings": iter([(CODE.UNKNOWN, "KeyError")])})
    (fault,) = asked(script, lambda services: services.faults(OF_MINE))
    assert "KeyError" in fault.problem


def test_a_service_without_a_check_accepts() -> None:
    """UNIMPLEMENTED is as good as a yes, as with Katib."""
    assert asked(Scripted(), lambda services: services.faults(OF_MINE)) == []


def test_a_check_is_tried_again_while_nobody_answers() -> None:
    """A service that is just starting is waited for a little."""
    name = "ValidateAlgorithmSettings"
    script = Scripted({name: _empty(name)}, {name: iter([(CODE.UNAVAILABLE, "starting")] * 2)})
    assert asked(script, lambda services: services.faults(OF_MINE)) == []
    assert len(script.requests(name)) == 3


def test_a_check_ends_at_last() -> None:
    """As often as was said, then the author is told that nobody answers."""
    away = repeat((CODE.UNAVAILABLE, "starting"))
    script = Scripted(failures={"ValidateAlgorithmSettings": away})
    with pytest.raises(Retryable):
        asked(script, lambda services: services.faults(OF_MINE, tries=2))
    assert len(script.asked) == 2


def test_other_experiments_are_nobodys_business() -> None:
    """An Experiment with an algorithm of munshi's is not shown to any service."""
    script = Scripted()
    assert asked(script, lambda services: services.faults(an_experiment())) == []
    assert script.asked == []


STOPPED = OF_MINE.model_copy(
    update={
        "spec": OF_MINE.spec.model_copy(
            update={"early_stopping": EarlyStoppingSpec(algorithm_name="theirs")}
        )
    }
)


def test_rules_of_an_early_stopping_service() -> None:
    """With the trials and the address of the values it gets; its rules come in munshi's words."""
    script = Scripted({"GetEarlyStoppingRules": rules})
    trials = [a_trial("e-1", succeeded(0.9), index=0)]
    (rule,) = asked(script, lambda services: services.rules(STOPPED, trials))
    assert (rule.name, rule.value, rule.comparison, rule.start_step) == (
        "accuracy",
        "0.5",
        "less",
        4,
    )
    (request,) = script.requests("GetEarlyStoppingRules")
    assert request.db_manager_address == "manager:6789"
    assert [trial.name for trial in request.trials] == ["e-1"]


def test_early_stopping_settings_are_judged_by_their_service() -> None:
    """Its refusal is a fault at spec.earlyStopping."""
    name = "ValidateEarlyStoppingSettings"
    script = Scripted(failures={name: iter([(CODE.INVALID_ARGUMENT, "start_step is 0")])})
    (fault,) = asked(script, lambda services: services.faults(STOPPED))
    assert (fault.path, fault.problem) == (("spec", "earlyStopping"), "start_step is 0")


def _empty(call: str) -> Callable[[Any], Any]:
    return lambda _: messages.classes(messages.KATIB)[f"{call}Reply"]()
