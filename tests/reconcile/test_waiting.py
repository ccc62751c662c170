"""An algorithm that waits: said once, no error, and asked again at each news."""

from __future__ import annotations

import pytest

from munshi.algorithms import Reply
from munshi.api import conditions
from munshi.api.suggestion import Suggestion, SuggestionCondition, SuggestionStatus
from munshi.api.trial import Trial
from munshi.reconcile import story
from munshi.reconcile.plan import Ask
from munshi.reconcile.suggestion import reconcile_suggestion, settled
from munshi.reconcile.views import SuggestionView
from munshi.testing.builders import (
    NOW,
    Fate,
    a_suggestion,
    a_trial,
    an_experiment,
    failed,
    killed,
    running,
    succeeded,
)

WAITS = Reply((), waiting=True, because="rung 2 waits for 1 of 2 trials")


def a_view(*fates: Fate, wanted: int = 1, status: SuggestionStatus | None = None) -> SuggestionView:
    """Trials of these fates, and so many more assignments wanted."""
    trials = tuple(a_trial(f"e-{at}", fate, index=at) for at, fate in enumerate(fates))
    suggestion = a_suggestion(given=len(fates), requests=len(fates) + wanted)
    if status is not None:
        suggestion = suggestion.model_copy(update={"status": status})
    return SuggestionView(an_experiment(), suggestion, trials)


def asks(view: SuggestionView) -> list[Ask]:
    """What a pass asks."""
    actions = reconcile_suggestion(view, NOW).actions
    return [action for action in actions if isinstance(action, Ask)]


def waiting(view: SuggestionView, reply: Reply = WAITS) -> SuggestionStatus:
    """The status after the algorithm said that it waits."""
    (ask,) = asks(view)
    return settled(view, ask, reply, NOW)


def running_condition(status: SuggestionStatus) -> conditions.Condition:
    """What the Suggestion says of its running."""
    found = conditions.find(status.conditions, SuggestionCondition.RUNNING)
    assert found is not None
    return found


def test_it_says_for_what_it_waits() -> None:
    """Running, reason SuggestionWaiting, the algorithm's own sentence; not failed, not exhausted."""
    status = waiting(a_view(succeeded(), running()))
    said = running_condition(status)
    assert (said.status, said.reason, said.message) == (
        "True",
        "SuggestionWaiting",
        WAITS.because,
    )
    assert status.waits_for == ("e-1",)
    one = Suggestion(status=status)
    assert not one.is_failed
    assert not one.is_exhausted


BEFORE: tuple[Fate, ...] = (succeeded(), running(), running())
NO_NEWS: dict[str, tuple[tuple[Fate, ...], int]] = {
    "nothing happened": (BEFORE, 1),
    "more are wanted": (BEFORE, 5),
}
NEWS: dict[str, tuple[Fate, ...]] = {
    "one succeeded": (succeeded(), succeeded(), running()),
    "one failed": (succeeded(), failed(), running()),
    "one was stopped": (succeeded(), running(), killed()),
    "one begins once more": (running(), running(), running()),
    "both ended": (succeeded(), failed(), succeeded()),
}


@pytest.mark.parametrize("case", NO_NEWS)
def test_without_news_it_is_not_asked_again(case: str) -> None:
    """However often a pass looks, and however many places are free."""
    fates, wanted = NO_NEWS[case]
    assert asks(a_view(*fates, wanted=wanted, status=waiting(a_view(*BEFORE)))) == []


@pytest.mark.parametrize("case", NEWS)
def test_each_news_is_one_question(case: str) -> None:
    """Asked when a trial ended or is back; still waiting then, it is left in peace until the next."""
    later = a_view(*NEWS[case], status=waiting(a_view(*BEFORE)))
    (ask,) = asks(later)
    if not ask.under_way:
        return
    again = settled(later, ask, Reply((), waiting=True, because="rung 2 waits still"), NOW)
    assert running_condition(again).message == "rung 2 waits still"
    assert asks(a_view(*NEWS[case], status=again)) == []


def test_a_deleted_trial_is_news() -> None:
    """What will never end is waited for no longer."""
    status = waiting(a_view(*BEFORE))
    view = a_view(*BEFORE, status=status)
    left: tuple[Trial, ...] = tuple(view.trials)[:2]
    assert len(asks(SuggestionView(view.experiment, view.suggestion, left))) == 1


def test_points_given_while_waiting_are_waited_for_too() -> None:
    """Two wanted, one given: its trial stands among those whose end is news."""
    view = a_view(running(), wanted=2)
    status = waiting(view, Reply(({"lr": "0.02"},), waiting=True, because="wait"))
    (fresh,) = status.suggestions
    assert set(status.waits_for) == {"e-0", fresh.name}
    assert status.suggestion_count == 2
    assert asks(a_view(running(), wanted=2, status=status)) == []
    assert len(asks(a_view(succeeded(), wanted=2, status=status))) == 1


def test_an_answer_ends_the_waiting() -> None:
    """Points again: the reason is SuggestionRunning, the message what the algorithm says of them."""
    later = a_view(succeeded(), succeeded(), running(), status=waiting(a_view(*BEFORE)))
    (ask,) = asks(later)
    status = settled(later, ask, Reply(({"lr": "0.02"},), because="the best goes on"), NOW)
    said = running_condition(status)
    assert (said.reason, said.message) == ("SuggestionRunning", "the best goes on")
    assert status.waits_for == ()


def test_waiting_for_nothing_is_a_failure() -> None:
    """With no trial under way nobody could ever wake it: the Suggestion fails with the reason."""
    status = waiting(a_view(succeeded(), killed()))
    failure = conditions.find(status.conditions, SuggestionCondition.FAILED)
    assert failure is not None
    assert WAITS.because in failure.message


def test_what_is_said_of_points_is_told_when_it_changes() -> None:
    """Another sentence is an event, the same one is not; how a wait goes on is none."""
    view = a_view(succeeded(), running())
    (ask,) = asks(view)

    def after(status: SuggestionStatus, reply: Reply) -> list[str]:
        before = view.suggestion.model_copy(update={"status": status})
        now = SuggestionView(view.experiment, before, view.trials)
        said = settled(now, ask, reply, NOW)
        return [
            event.message
            for event in story.of_change(before, before.model_copy(update={"status": said}), NOW)
        ]

    first = settled(view, ask, Reply((), because="sobol begins"), NOW)
    assert after(first, Reply((), because="tpe goes on")) == ["tpe goes on"]
    assert after(first, Reply((), because="sobol begins")) == []
    waits = settled(view, ask, WAITS, NOW)
    assert after(waits, Reply((), waiting=True, because="for 1")) == []
