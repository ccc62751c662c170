"""Facts about the dialogue with the algorithm: what is asked, and what is kept of the answer."""

from __future__ import annotations

from munshi.algorithms import Reply
from munshi.api.common import ObjectiveSpec
from munshi.api.meta import AFTER_ANNOTATION, INDEX_ANNOTATION, RETURNED_ANNOTATION
from munshi.reconcile.plan import Ask
from munshi.reconcile.suggestion import new_results, reconcile_suggestion, returned, settled
from munshi.reconcile.tally import Tally
from munshi.reconcile.views import SuggestionView
from munshi.testing.builders import (
    NOW,
    Fate,
    a_suggestion,
    a_trial,
    an_assignment,
    an_experiment,
    failed,
    killed,
    running,
    succeeded,
    without_metrics,
)


def a_dialogue(*fates: Fate, wanted: int = 2) -> SuggestionView:
    """Trials of these fates, and so many more assignments wanted."""
    trials = tuple(a_trial(f"e-{at}", fate, index=at) for at, fate in enumerate(fates))
    suggestion = a_suggestion(given=len(fates), requests=len(fates) + wanted)
    return SuggestionView(an_experiment(), suggestion, trials)


def asked(view: SuggestionView) -> Ask:
    """The question of a pass."""
    (action,) = reconcile_suggestion(view, NOW).actions
    assert isinstance(action, Ask)
    return action


REPLY = Reply(({"lr": "0.02"}, {"lr": "0.03"}))


def test_the_history_holds_what_can_be_learnt_from() -> None:
    """Succeeded, failed and silent trials are results; killed and running ones are only taken points."""
    ask = asked(a_dialogue(succeeded(0.5), failed(), without_metrics(), killed(), running()))
    assert [(one.index, one.value) for one in ask.request.results] == [
        (0, 0.5),
        (1, None),
        (2, None),
    ]
    assert [one.index for one in ask.request.pending] == [3, 4]
    assert (ask.request.first_index, ask.request.count) == (5, 2)


def test_an_answer_is_settled_once_under_the_same_names() -> None:
    """The same answer gives the same status; settled again it changes nothing."""
    view = a_dialogue(succeeded())
    status = settled(view, asked(view), REPLY, NOW)
    assert status == settled(view, asked(view), REPLY, NOW)
    assert status.suggestion_count == 3
    later = SuggestionView(
        view.experiment, view.suggestion.model_copy(update={"status": status}), view.trials
    )
    assert settled(later, asked(view), REPLY, NOW) == status


def test_an_answer_is_settled_with_what_else_there_is_to_say() -> None:
    """An assignment whose Trial was made meanwhile leaves the list in the write that adds new ones."""
    made, waits = an_assignment("e-0", index=0), an_assignment("e-1", index=1)
    suggestion = a_suggestion(waiting=(made, waits), given=2, requests=4)
    trials = (a_trial("e-0", running(), index=0),)
    view = SuggestionView(an_experiment(), suggestion, trials)
    status = settled(view, asked(view), REPLY, NOW)
    assert [int(one.annotations[INDEX_ANNOTATION]) for one in status.suggestions] == [1, 2, 3]


def test_the_seed_is_written_down_and_kept() -> None:
    """What the first answer recorded is what every later question uses, even under another uid."""
    view = a_dialogue()
    first = asked(view)
    status = settled(view, first, REPLY, NOW)
    spec = view.suggestion.spec.model_copy(update={"requests": 9})
    suggestion = view.suggestion.model_copy(update={"status": status, "spec": spec})
    other = SuggestionView(an_experiment(uid="another"), suggestion, ())
    assert asked(other).request.seed == first.request.seed


def test_new_results_are_told_once() -> None:
    """Each ended trial stands in exactly one delta; killed ones in none."""
    view = a_dialogue(succeeded(), killed(), failed())
    status = settled(view, asked(view), REPLY, NOW)
    assert [one.annotations.get(AFTER_ANNOTATION) for one in status.suggestions] == [
        "e-0,e-2",
        None,
    ]
    late = Tally(ObjectiveSpec(), (*view.trials, a_trial("e-9", succeeded(), index=9)))
    assert new_results(late, status.suggestions) == ("e-9",)


def test_an_assignment_is_given_back_once_and_first() -> None:
    """Given back twice it stands there once; its old trial being deleted, it is the next to be tried."""
    trial = a_trial("e-0", running())
    once = returned(a_dialogue(running()).suggestion.status, trial)
    assert returned(once, trial) == once
    assert [one.name for one in once.suggestions] == ["e-0"]


def test_the_assignment_of_a_deleted_trial_is_dropped() -> None:
    """Deleted before its assignment left the list, a trial does not come back; a returned one does."""
    gone = an_assignment("e-gone", index=0)
    back = an_assignment("e-back", index=1)
    back = back.model_copy(update={"annotations": {RETURNED_ANNOTATION: "uid-back"}})
    suggestion = a_suggestion(waiting=(gone, back), given=2, requests=2)
    deleted = {"e-gone": "uid-gone", "e-back": "uid-back"}
    view = SuggestionView(an_experiment(), suggestion, (), deleted)
    left = reconcile_suggestion(view, NOW).status.suggestions
    assert [one.name for one in left] == ["e-back"]
