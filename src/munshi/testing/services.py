"""The contract of `engine.ports.Services` as tests: inherit `ServicesContract`.

What a service proposes is its own affair; what is promised is the shape of it, and that the engine may go on
while it thinks.
"""

# ruff: noqa: S101 - a suite of tests asserts
from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager

import pytest

from munshi.api.common import EarlyStoppingSpec
from munshi.api.experiment import Experiment
from munshi.engine.ports import Services
from munshi.reconcile.tally import Tally
from munshi.reconcile.views import SuggestionView
from munshi.testing.builders import (
    a_double,
    a_suggestion,
    a_trial,
    an_assignment,
    an_experiment,
    an_objective,
    running,
    succeeded,
)

PATIENCE_S = 60
ALGORITHM, EARLY_STOPPING = "mine", "theirs"
"""The names that the suite asks for."""


def an_experiment_of_services() -> Experiment:
    """Two parameters, the algorithm `mine`, the early stopping `theirs`."""
    one = an_experiment(algorithm=ALGORITHM, parameters=(a_double(), a_double("momentum")))
    theirs = EarlyStoppingSpec(algorithm_name=EARLY_STOPPING)
    return one.model_copy(update={"spec": one.spec.model_copy(update={"early_stopping": theirs})})


class ServicesContract:
    """What every adapter keeps; say in `opened` how to get one."""

    def opened(self) -> AbstractAsyncContextManager[Services]:
        """Services for `mine` and `theirs`, for the length of a block; they answer, and give a rule."""
        raise NotImplementedError

    def test_the_names_are_those_that_are_answered(self) -> None:
        """The engine and admission leave exactly these to services."""

        async def story() -> None:
            async with self.opened() as services:
                assert set(services.algorithms) == {ALGORITHM}
                assert set(services.early_stopping) == {EARLY_STOPPING}

        asyncio.run(story())

    @pytest.mark.parametrize("count", [1, 3, 10])
    def test_exactly_as_many_points_as_were_wanted(self, count: int) -> None:
        """Each with every parameter, in the order of the Experiment; a mark for each point, or none."""

        async def story() -> None:
            async with self.opened() as services, asyncio.timeout(PATIENCE_S):
                view = SuggestionView(an_experiment_of_services(), a_suggestion())
                reply = await services.suggest(view, count)
                assert [list(point) for point in reply.assignments] == [["lr", "momentum"]] * count
                assert len(reply.marks) in (0, count)
                assert not reply.exhausted

        asyncio.run(story())

    def test_the_view_may_change_while_it_is_asked(self) -> None:
        """The engine's counts go on beneath it: they are looked at before the first wait."""

        async def story() -> None:
            async with self.opened() as services, asyncio.timeout(PATIENCE_S):
                trials = Tally(an_objective(), [a_trial("e-0", running())])
                waiting = [an_assignment("e-1", 1)]
                view = SuggestionView(
                    an_experiment_of_services(), a_suggestion(given=2, waiting=waiting), trials
                )
                asked = asyncio.ensure_future(services.suggest(view, 1))
                await asyncio.sleep(0)
                for at in range(50):
                    trials.put(a_trial(f"e-{at}", succeeded(), index=at))
                    await asyncio.sleep(0)
                assert len((await asked).assignments) == 1

        asyncio.run(story())

    def test_a_question_may_be_given_up(self) -> None:
        """A cancelled question ends at once for whoever asked; the next one is answered."""

        async def story() -> None:
            async with self.opened() as services, asyncio.timeout(PATIENCE_S):
                view = SuggestionView(an_experiment_of_services(), a_suggestion())
                question = asyncio.ensure_future(services.suggest(view, 1))
                await asyncio.sleep(0)
                question.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await question
                assert len((await services.suggest(view, 2)).assignments) == 2

        asyncio.run(story())

    def test_rules_are_as_they_travel(self) -> None:
        """Names, values and comparisons as texts, ready to be written on a Trial."""

        async def story() -> None:
            async with self.opened() as services, asyncio.timeout(PATIENCE_S):
                trials = [a_trial("e-0", succeeded())]
                rules = await services.rules(an_experiment_of_services(), trials)
                assert rules
                assert all(rule.name and rule.value for rule in rules)
                assert {rule.comparison for rule in rules} <= {"less", "greater", "equal"}

        asyncio.run(story())
