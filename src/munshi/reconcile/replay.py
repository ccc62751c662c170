"""Every suggestion of an experiment as the question it answered, so that it can be asked again (ADR 6).

Each assignment says which results the algorithm saw with it for the first time. The union of those up to
suggestion n is what was known at n; every earlier suggestion that is not in it was pending. With the seed
that was written down, that is the whole question. Asking it is the caller's business.

What is not written down is taken as it is now: the spec, and the result of a trial that was run once more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from munshi.algorithms import Assignments, Pending, Reply, Request, Result
from munshi.api.common import ObjectiveSpec
from munshi.api.experiment import Experiment
from munshi.api.meta import INDEX_ANNOTATION, RETRY_ANNOTATION
from munshi.api.suggestion import Suggestion
from munshi.api.trial import Trial
from munshi.reconcile import suggestion as suggestions
from munshi.reconcile import tally as tallies
from munshi.reconcile.history import assignments_of, told
from munshi.reconcile.views import SuggestionView


@dataclass(frozen=True, slots=True)
class Given:
    """A suggestion as it is written down.

    Attributes:
        name: Its trial's.
        index: Its number, from 0.
        assignments: What was given.
        news: The trials whose results the algorithm saw here for the first time.
    """

    name: str
    index: int
    assignments: Assignments
    news: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """Suggestions in a row that were given on the same results, and the question they answer."""

    given: tuple[Given, ...]
    request: Request


@dataclass(frozen=True, slots=True)
class Account:
    """What can be asked again.

    Attributes:
        algorithm: Whom to ask.
        steps: In their order.
        total: How many suggestions are written down, those that cannot be asked again included.
        gap: Why not all of them can; empty when they can.
        retried: Trials that were run once more; what they reported first is not kept.
    """

    algorithm: str
    steps: tuple[Step, ...]
    total: int
    gap: str = ""
    retried: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """A suggestion that comes out otherwise today; `again` is None when none came."""

    given: Given
    again: Assignments | None


def account(experiment: Experiment, suggestion: Suggestion, trials: Sequence[Trial]) -> Account:
    """The questions behind an experiment's suggestions.

    Args:
        experiment: As it is now, finished or not.
        suggestion: Its Suggestion: the algorithm, its settings, the seed that was drawn.
        trials: All of its trials.
    """
    said = suggestion.spec.algorithm
    given, unnumbered = _given(suggestion, trials)
    counted = tallies.tally(trials, experiment.spec.objective or ObjectiveSpec())
    results = {result.index: result for result in counted.history.results.values}
    view = SuggestionView(experiment, suggestion, counted)
    blank = suggestions.question(view, 0)
    steps, gap = _steps(given, results, blank)
    if not gap and unnumbered:
        gap = f"{_trials(unnumbered)} without a number, made by something else than munshi"
    return Account(
        algorithm=said.algorithm_name if said else "",
        steps=steps,
        total=len(given) + unnumbered,
        gap=gap,
        retried=tuple(t.name for t in trials if RETRY_ANNOTATION in t.metadata.annotations),
    )


def differences(step: Step, reply: Reply) -> Iterator[Difference]:
    """What of a step comes out otherwise."""
    again: list[Assignments | None] = [*reply.assignments]
    again += [None] * (len(step.given) - len(again))
    for given, point in zip(step.given, again, strict=False):
        if point is None or dict(point) != dict(given.assignments):
            yield Difference(given, point)


def _given(suggestion: Suggestion, trials: Sequence[Trial]) -> tuple[list[Given], int]:
    """What was given, by index; and how many trials have no number."""
    found: dict[str, Given] = {}
    unnumbered = 0
    for one in suggestion.status.suggestions:
        found[one.name] = Given(
            one.name,
            _index(one.annotations),
            assignments_of(one.parameter_assignments),
            tuple(told(one.annotations)),
        )
    for trial in trials:
        notes = trial.metadata.annotations
        if _index(notes) < 0:
            unnumbered += 1
            continue
        assignments = assignments_of(trial.spec.parameter_assignments)
        found[trial.name] = Given(trial.name, _index(notes), assignments, tuple(told(notes)))
    return sorted(found.values(), key=lambda one: (one.index, one.name)), unnumbered


def _index(notes: dict[str, str]) -> int:
    text = notes.get(INDEX_ANNOTATION, "")
    return int(text) if text.isdecimal() else -1


def _steps(
    given: Sequence[Given], results: dict[int, Result], blank: Request
) -> tuple[tuple[Step, ...], str]:
    """The questions up to the first gap in the account, and what is missing there."""
    steps: list[Step] = []
    by_name = {one.name: one for one in given}
    known: set[int] = set()
    run: list[Given] = []

    def close() -> None:
        if run:
            steps.append(Step(tuple(run), _request(blank, given, run, known, results)))
            run.clear()

    for place, one in enumerate(given):
        if one.index != place:
            close()
            return tuple(steps), f"suggestion number {place} is not there any more"
        if one.news:
            close()
            for name in one.news:
                there = by_name.get(name)
                if there is None or there.index not in results:
                    what = "is not there any more" if there is None else "has no result any more"
                    return tuple(steps), f"trial {name}, which taught something, {what}"
                known.add(there.index)
        run.append(one)
    close()
    return tuple(steps), ""


def _request(
    blank: Request,
    given: Sequence[Given],
    run: Sequence[Given],
    known: set[int],
    results: dict[int, Result],
) -> Request:
    first = run[0].index
    earlier = given[:first]
    return replace(
        blank,
        results=tuple(results[one.index] for one in earlier if one.index in known),
        pending=tuple(
            Pending(one.assignments, one.index) for one in earlier if one.index not in known
        ),
        first_index=first,
        count=len(run),
    )


def _trials(count: int) -> str:
    return "1 trial is" if count == 1 else f"{count} trials are"
