"""This machine as the place that the web asks: `web.ports.Place`, by what the other verbs do too."""

from __future__ import annotations

import asyncio
import codecs
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import assert_never

from munshi.admission.update import update_faults
from munshi.api.experiment import Experiment
from munshi.api.source import Source
from munshi.api.trial import Trial
from munshi.cli import (
    best,
    drivers,
    facts,
    files,
    following,
    home,
    outputs,
    places,
    resume,
    retry,
    served,
    stop,
    submission,
    suspend,
)
from munshi.cli import render as rendering
from munshi.cli.files import Documents
from munshi.cli.laptop import Books
from munshi.errors import Conflict, FieldFault, Invalid, NotFound, StoreBusy
from munshi.local import place as local_place
from munshi.local.home import Home
from munshi.local.planning import Settings
from munshi.reconcile.controls import RETRYABLE
from munshi.reconcile.tally import state_of
from munshi.store import glance
from munshi.store.sqlite import SqlStore
from munshi.web.ports import Document, Glance, LogPart, Verb, Verdict, Wish

_TRIES = 20
_NAME = ""
"""What faults call the text of an editor: nothing, for there is only one."""
_CHARACTER = 4
"""Bytes of the longest character in UTF-8."""


class LaptopWeb:
    """Implements `web.ports.Place`.

    Args:
        opened: $MUNSHI_HOME.
    """

    name = "this machine"
    may_create = True
    may_act = True

    def __init__(self, opened: Home) -> None:
        self._home = opened
        self._store: SqlStore | None = None

    def now(self) -> datetime:
        """See `Place.now`."""
        return home.now()

    def glance(self) -> Glance:
        """See `Place.glance`."""
        path = self._home.path / local_place.DATABASE
        found = glance.open_glance(path)
        if found is None:
            raise StoreBusy(f"the database {path} is being brought forward; try again in a moment")
        return found

    @asynccontextmanager
    async def values(self) -> AsyncIterator[SqlStore]:
        """See `Place.values`; a database of an older schema is brought forward by it."""
        async with self._home.store(reading=True) as store:
            self._store = store
            yield store

    def log(self, trial: Document, start: int, most: int) -> LogPart:
        """See `Place.log`."""
        return read_log(following.folder_of(trial) / outputs.LOG, start, most)

    def arguments(self, experiment: Document) -> str:
        """See `Place.arguments`."""
        one = Experiment.model_validate(experiment)
        found = facts.best(one)
        return best.as_arguments(one, found) if found is not None else ""

    def rerun(self, trial: Document) -> str:
        """See `Place.rerun`."""
        one = Trial.model_validate(trial)
        if state_of(one) not in RETRYABLE:
            return ""
        return f"munshi retry {one.name}{places.again(one.namespace)}"

    async def judge(self, text: str) -> Verdict:
        """See `Place.judge`: what is wrong for everybody, and what this machine cannot run."""
        try:
            experiment, _, _, notes = await self._judged(text)
        except Invalid as refusal:
            return Verdict(refusal.faults)
        return Verdict((), tuple(notes), experiment.dump())

    async def render(self, text: str, number: int) -> Document:
        """See `Place.render`."""
        experiment, document, documents, _ = await self._judged(text)
        try:
            return await asyncio.to_thread(rendering.job, experiment, documents, (), None, number)
        except Invalid as refusal:
            raise document.refusal(refusal.faults) from refusal

    async def submit(self, text: str) -> tuple[str, str]:
        """See `Place.submit`."""
        experiment, _, documents, _ = await self._judged(text)
        async with self._home.store() as store:
            await submission.keep_config_maps(store, documents, experiment.namespace)
            made = await store.create(submission.named(experiment))
        await drivers.start(self._home, made)
        return made.namespace, made.name

    async def act(self, wish: Wish) -> str:
        """See `Place.act`."""
        async with self._home.store() as store:
            desk = Books(self._home, store)
            where = (desk, wish.namespace)
            if wish.trial:
                trial = await desk.get(Trial, wish.namespace, wish.trial)
                if trial.experiment_name != wish.name:
                    raise NotFound(f'trial "{wish.trial}" is of another experiment')
            match wish.verb:
                case Verb.STOP if wish.trial:
                    return await stop.stop_trial(*where, wish.trial, wish.reason)
                case Verb.STOP:
                    return await stop.stop_experiment(*where, wish.name, wish.reason)
                case Verb.SUSPEND:
                    return await suspend.suspend_experiment(*where, wish.name)
                case Verb.RESUME:
                    said, on = await resume.resume_experiment(*where, wish.name)
                case Verb.RETRY:
                    said, on = await retry.retry_trial(*where, wish.trial)
                case Verb.RESTART:
                    said, on = await _restarted(store, wish)
                case Verb.DELETE:
                    await desk.delete(await desk.get(Experiment, wish.namespace, wish.name))
                    return f'experiment "{wish.name}" deleted'
                case _:
                    assert_never(wish.verb)
            if on is not None:
                await drivers.start(self._home, await store.get(Experiment, on.namespace, on.name))
            return said

    async def _judged(self, text: str) -> tuple[Experiment, Source, Documents, list[str]]:
        """What a text holds, judged with the ConfigMaps that are kept here.

        Raises:
            Invalid: With every fault.
        """
        documents = await asyncio.to_thread(files.of_text, text, _NAME)
        if documents.refusals:
            raise Invalid([fault for one in documents.refusals for fault in one.faults])
        if len(documents.experiments) != 1:
            problem = f"one Experiment is wanted; here are {len(documents.experiments)}"
            raise Invalid([FieldFault((), problem, "write one document of kind Experiment")])
        (document,) = documents.experiments
        if self._store is not None:
            documents = await submission.with_kept_config_maps(self._store, documents)
        return await asyncio.to_thread(_judged_here, document, documents)


def _judged_here(
    document: Source, documents: Documents
) -> tuple[Experiment, Source, Documents, list[str]]:
    targets = served.of_environment()
    experiment, notes = submission.admitted(document, documents, home.DEFAULT_NAMESPACE, targets)
    submission.judge_here(experiment, document, documents, Settings())
    return experiment, document, documents, [*documents.notes, *notes]


async def _restarted(store: SqlStore, wish: Wish) -> tuple[str, Experiment | None]:
    """Raise the budget of an experiment.

    Raises:
        Invalid: Its author may not.
    """
    for _ in range(_TRIES):
        old = await store.get(Experiment, wish.namespace, wish.name)
        spec = old.spec.model_copy(update={"max_trial_count": wish.max_trial_count})
        new = old.model_copy(update={"spec": spec})
        if faults := [*_budget_faults(old, wish), *update_faults(old, new)]:
            raise Invalid(faults)
        try:
            await store.replace(new)
        except Conflict:
            continue
        return f'experiment "{wish.name}" may now have {wish.max_trial_count} trials', new
    raise Conflict(f"experiment {wish.name} changes all the time; try again")


def _budget_faults(old: Experiment, wish: Wish) -> list[FieldFault]:
    most = old.spec.max_trial_count
    if most is not None and wish.max_trial_count > most:
        return []
    path, got = ("spec", "maxTrialCount"), wish.max_trial_count
    if most is None:
        return [FieldFault(path, "there is no budget to raise", "the experiment has no bound")]
    return [FieldFault(path, f"{got} is not above {most}", "write a larger number")]


def read_log(path: Path, start: int, most: int) -> LogPart:
    """Some of a log, in whole characters; a sentence stands where the middle was given up.

    Args:
        path: The log.
        start: The position to begin at; a negative one counts from the end, and one behind the end (the trial
            began anew, say) means the start.
        most: So many bytes at most, at least 8.

    Raises:
        NotFound: There is none.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            at = max(size + start, 0) if start < 0 else start if start <= size else 0
            if start < 0 and at > 0:
                file.seek(at)
                at += _continued(file.read(_CHARACTER))
            return _decoded(outputs.pieces(file, path, at), at, size, most)
    except OSError as error:
        raise NotFound(f"there is no log: {error.strerror}") from error


def _decoded(pieces: Iterable[outputs.Piece], start: int, size: int, most: int) -> LogPart:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    said, end, taken = list[str](), start, 0
    for piece in pieces:
        if piece.left_out:
            said.append(f"\n… {piece.left_out} bytes were left out here …\n")
        text = piece.text[: most - taken]
        said.append(decoder.decode(text))
        taken += len(text)
        end = piece.at - len(piece.text) + len(text)
        if taken >= most:
            break
    begun = len(decoder.getstate()[0])
    if (begun and end < max(size, 1)) or begun < taken:
        return LogPart(start, end - begun, max(size, end), "".join(said))
    said.append(
        decoder.decode(b"", final=True)
    )  # it is all there is: a broken end, not half a character
    return LogPart(start, end, max(size, end), "".join(said))


def _continued(block: bytes) -> int:
    """How many bytes at the beginning belong to a character that began before."""
    count = 0
    while count < min(len(block), _CHARACTER - 1) and block[count] & 0xC0 == 0x80:
        count += 1
    return count
