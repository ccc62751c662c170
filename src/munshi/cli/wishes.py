"""Telling an object that exists what is wanted of it: annotations that the engine obeys.

Shared by `stop`, `suspend`, `resume` and `retry`. A wish is written whether or not a process drives the
experiment; whoever drives it, now or later, sees it. A word that names several objects is answered line by
line, and one that is refused does not keep the others from being told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

import click

from munshi.api.conditions import Condition
from munshi.api.decode import KINDS
from munshi.api.experiment import Experiment
from munshi.api.meta import Resource
from munshi.api.trial import Trial
from munshi.cli import ending, kinds, mistaken, places, tables
from munshi.cli.places import Desk, Notes, Records
from munshi.errors import Conflict, MunshiError, NotFound, Terminal

R = TypeVar("R", Experiment, Trial)
_TRIES = 100
"""Writes that found the object changed since it was read: a trial at work changes a few times a second."""


@dataclass(frozen=True, slots=True)
class Target:
    """An object as the command line names it; a bare name may be of another kind, see `meant`."""

    kind: type[Resource]
    name: str
    is_bare: bool = False


def target(word: str, default: type[Resource]) -> Target:
    """Read `NAME` as an object of the default kind, `trial/NAME` and the like as it says.

    Raises:
        click.UsageError: No such kind, or no name.
    """
    kind, slash, name = word.rpartition("/")
    if not name or (slash and not kind):
        raise click.UsageError(f'"{word}": write NAME or KIND/NAME')
    return Target(KINDS[kinds.read(kind)] if slash else default, name, not slash)


def spelt_out(words: Sequence[str]) -> tuple[str, ...]:
    """`trial a b`, as get and describe take it, is `trial/a trial/b`; other words stay as they are."""
    first, *names = words or [""]
    if not names or not kinds.is_one(first) or any("/" in name for name in names):
        return tuple(words)
    return tuple(f"{first}/{name}" for name in names)


async def meant(records: Records, namespace: str, word: Target) -> type[Resource]:
    """The kind of what is named: a bare name that no experiment has is a trial, where one has it."""
    if word.is_bare and word.kind is Experiment:
        with suppress(NotFound):
            await records.get(Experiment, namespace, word.name)
            return Experiment
        with suppress(NotFound):
            await records.get(Trial, namespace, word.name)
            return Trial
    return word.kind


def named(word: str, kind: type[Resource]) -> str:
    """The name in `NAME` or `KIND/NAME`, which must be of this kind.

    Raises:
        click.UsageError: It is another kind.
    """
    meant = target(word, kind)
    if meant.kind is not kind:
        wanted = kinds.PLURALS[kind.__name__]
        raise click.UsageError(f'"{word}": this is for {wanted}')
    return meant.name


def carry_out(
    words: Iterable[str],
    work: Callable[[Desk, str], Awaitable[Iterable[str]]],
    *,
    reading: bool = False,
) -> int:
    """Do the work for every word, in one opening of the place.

    Args:
        words: From the command line; one that comes twice is done once.
        work: Its lines are printed; its MunshiErrors are said, and the next word is done.
        reading: It writes nothing, so a place that cannot be written will do.

    Returns:
        The exit code: 4 when something was not there, else 1 when something was refused.
    """

    async def all_of_them() -> list[MunshiError]:
        refusals = list[MunshiError]()
        async with places.chosen().open(reading=reading) as desk:
            for word in dict.fromkeys(words):
                try:
                    for line in await work(desk, word):
                        click.echo(line)
                except MunshiError as refusal:
                    refusals.append(refusal)
        return refusals

    refusals = asyncio.run(all_of_them())
    for refusal in refusals:
        ending.say(refusal)
    codes = [ending.code_of(refusal) for refusal in refusals]
    return max(codes, default=ending.OK)


def leave(code: int) -> None:
    """End the command with this exit code."""
    if code:
        raise click.exceptions.Exit(code)


async def write(
    desk: Desk, kind: type[R], namespace: str, name: str, wanted: Callable[[R], Notes]
) -> R:
    """Write annotations on an object as it is now.

    Args:
        desk: Where it is.
        kind: Experiment or Trial.
        namespace: Of the object.
        name: Of the object.
        wanted: What to write, decided anew when the object changed meanwhile; nothing writes nothing.

    Returns:
        The object as it was before.

    Raises:
        NotFound: With the nearest name.
        Conflict: It never holds still.
    """
    for _ in range(_TRIES):
        held = await mistaken.find(desk, kind, namespace, name)
        noted = held.metadata.annotations
        notes = {key: text for key, text in wanted(held).items() if noted.get(key) != text}
        if not notes:
            return held
        try:
            await desk.annotate(held, notes)
        except (Conflict, NotFound):
            continue
        return held
    raise Conflict(f"{kind.__name__.lower()} {name} changes all the time; try again")


def say_how_to_go_on(experiment: Experiment) -> None:
    """Say what to type so that the wish comes true, where nobody is at it."""
    where = places.again(experiment.namespace)
    again = f"munshi get experiment {experiment.name}{where} -o yaml | munshi run -"
    click.echo(f"munshi: nothing drives it now; go on with: {again}", err=True)


def told(condition: Condition) -> str:
    """`Succeeded, ExperimentGoalReached: the goal 0.9 is reached…`, on one line."""
    said = first_line(condition.message)
    told = f"{condition.type}, {condition.reason}"
    return tables.visible(f"{told}: {said}" if said else told)


def first_line(message: str) -> str:
    """A message without the lines of output that it may quote."""
    return message.partition("\n")[0].removesuffix(" Last output:")


def refused(one: Resource, why: str, mend: str = "") -> Terminal:
    """The sentence for a wish that cannot come true."""
    said = f'{one.kind.lower()} "{one.name}" {why}'
    return Terminal(f"{said}; {mend}" if mend else said)
