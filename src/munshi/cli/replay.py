"""`munshi replay`: every suggestion computed again from what is written down, and compared."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from munshi.api.experiment import Experiment
from munshi.api.suggestion import Suggestion
from munshi.api.trial import Trial
from munshi.api.wire import Json
from munshi.cli import ending, limits, mistaken, options, places, tables
from munshi.reconcile import replay as replays
from munshi.reconcile.replay import Account, Difference
from munshi.suggester.limits import Limits
from munshi.suggester.pool import WorkerSuggester

if TYPE_CHECKING:
    from munshi.engine.ports import Suggester

_SHOWN = 10
"""Differences told one by one; the first is the one to look at, for the rest may follow from it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of computing again.

    Attributes:
        account: What was asked.
        compared: How many suggestions were computed again.
        differences: Those that came out otherwise.
    """

    account: Account
    compared: int
    differences: tuple[Difference, ...]


@click.command()
@options.one("Experiment")
@options.place
@limits.options
@options.output("json")
def replay(name: str, namespace: str, limits: Limits, output: str | None) -> int:
    """Compute every suggestion again, and compare with what the trials were given.

    Each trial's record says what the algorithm knew when it was suggested; the same question has the same
    answer. Exit code 0 when all agree, 1 when one does not.
    """

    async def read(records: places.Records) -> Account:
        word = name.rpartition("/")[2]
        experiment = await mistaken.find(records, Experiment, namespace, word)
        suggestion = await records.get(Suggestion, experiment.namespace, experiment.name)
        trials = await records.list(Trial, experiment.namespace, experiment.uid)
        return replays.account(experiment, suggestion, trials)

    account = places.ask(read)
    outcome = asyncio.run(_outcome(account, limits))
    if output == "json":
        options.echo_json(entry(outcome))
    else:
        click.echo(text(outcome), nl=False)
    for note in notes(outcome):
        click.echo(f"munshi: {note}", err=True)
    return ending.FAILED if outcome.differences else ending.OK


async def again(account: Account, suggester: Suggester) -> Outcome:
    """Ask everything once more.

    Raises:
        AlgorithmRefused: The algorithm is not there any more, or cannot go on.
    """
    compared, found = 0, list[Difference]()
    for step in account.steps:
        reply = await suggester.suggest(account.algorithm, step.request)
        compared += len(step.given)
        found += replays.differences(step, reply)
    return Outcome(account, compared, tuple(found))


async def _outcome(account: Account, limits: Limits) -> Outcome:
    async with WorkerSuggester(limits) as suggester:
        return await again(account, suggester)


def text(outcome: Outcome) -> str:
    """How many agree; and those that do not, recorded and recomputed, one below the other."""
    agree = outcome.compared - len(outcome.differences)
    said = f"{agree} of {outcome.account.total} suggestions agree"
    if not outcome.differences and agree == outcome.account.total:
        said += f": {outcome.account.algorithm} gives the same again"
    rows: list[Sequence[str]] = []
    for one in outcome.differences[:_SHOWN]:
        where = [one.given.name, str(one.given.index)]
        recomputed = "nothing" if one.again is None else _pairs(one.again)
        rows.append([*where, "recorded", _pairs(one.given.assignments)])
        rows.append([*where, "recomputed", recomputed])
    more = len(outcome.differences) - _SHOWN
    table = tables.table(["trial", "suggestion", "what", "assignments"], rows) if rows else ""
    rest = f"{more} more that differ: add -o json\n" if more > 0 else ""
    return f"{said}\n{table}{rest}"


def entry(outcome: Outcome) -> Json:
    """The same for programs; assignments are text."""
    return {
        "algorithm": outcome.account.algorithm,
        "suggestions": outcome.account.total,
        "agree": outcome.compared - len(outcome.differences),
        "notCompared": outcome.account.total - outcome.compared,
        "differences": [
            {
                "trial": one.given.name,
                "index": one.given.index,
                "recorded": dict(one.given.assignments),
                "recomputed": None if one.again is None else dict(one.again),
            }
            for one in outcome.differences
        ],
    }


def notes(outcome: Outcome) -> list[str]:
    """What limits the comparison."""
    account, said = outcome.account, list[str]()
    missing = account.total - outcome.compared
    if missing:
        these = "1 suggestion was" if missing == 1 else f"{missing} suggestions were"
        said.append(f"{these} not compared: {account.gap}")
    if outcome.differences and account.retried:
        names = ", ".join(account.retried[:3]) + ("…" if len(account.retried) > 3 else "")
        said.append(f"run once more, so that the first result is not known any more: {names}")
    return said


def _pairs(assignments: Mapping[str, str]) -> str:
    return tables.visible(" ".join(f"{name}={value}" for name, value in assignments.items()))
