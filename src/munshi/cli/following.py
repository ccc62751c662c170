"""Copying logs to stdout: as they are, or as they grow until the trial has ended.

A trial may begin anew while it is followed (a crash, a retry, an interruption): then its log goes on in
another folder, and so does the copy.
"""

from __future__ import annotations

import codecs
import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, NoReturn

import click

from munshi.cli import finding, glimpse, home, outputs, places
from munshi.cli.places import Document, Glance, Output
from munshi.errors import NotFound, StoreBusy
from munshi.local import place, process

LOOK_S = 0.2
"""How often a log is looked at; a person notices no less."""
UNJUDGED_LOOKS = 25
"""So often a program is seen to have ended, and its trial not, before that is said: 5 s."""
INTERRUPTED = 130


def print_log(glance: Glance, trial: Document, wanted: Output) -> None:
    """See `places.Glance.print_log`."""
    container = "" if wanted.container == glimpse.primary_container(trial) else wanted.container
    if wanted.follow:
        follow(glance, trial, container, wanted.tail)
    folder = _before(trial) if wanted.previous else folder_of(trial)
    path = log_of(folder, trial, container)
    try:
        with path.open("rb") as file:
            Copy().everything(file, path, wanted.tail)
    except FileNotFoundError:
        raise NotFound(_no_output(trial)) from None


def _before(trial: Document) -> Path:
    """The folder of the attempt before the present one.

    Raises:
        NotFound: There is none.
    """
    now = folder_of(trial)
    earlier = place.attempts(now.parent, trial["metadata"]["uid"])
    before = earlier[: earlier.index(now)] if now in earlier else earlier
    if not before:
        name = finding.placed(trial)[1]
        raise NotFound(f'trial "{name}" has no attempt before this one: munshi logs {name}')
    return before[-1]


def _no_output(trial: Document) -> str:
    namespace, name = finding.placed(trial)
    said, again = f'trial "{name}" has no output yet', places.again(namespace)
    if place.attempts(folder_of(trial).parent, trial["metadata"]["uid"]):
        return f"{said}; that of the attempt before: munshi logs -p {name}{again}"
    return f"{said}; see munshi describe trial {name}{again}"


def folder_of(trial: Document) -> Path:
    """The folder of the trial's present attempt."""
    meta = trial["metadata"]
    attempts = glimpse.part(trial, "status").get("attempts", 0)
    return place.attempt(
        home.trials(), meta.get("namespace", ""), meta["name"], meta["uid"], attempts
    )


def log_of(folder: Path, trial: Document, container: str) -> Path:
    """The log of a program of the trial; of the primary one without a name.

    Raises:
        NotFound: There is none of that name.
    """
    if not container:
        return folder / place.LOG
    known = outputs.containers(folder)
    if container in known:
        return folder / f"{place.LOG}.{container}"
    primary = glimpse.primary_container(trial) or "the primary one"
    names = ", ".join(name or primary for name in known) or "none yet"
    said = f'trial "{trial["metadata"]["name"]}" has no log of a program "{container}"'
    raise NotFound(f"{said}; there are: {names}")


class Copy:
    """Bytes on their way to stdout; on a terminal, those that are not UTF-8 are escaped."""

    def __init__(self) -> None:
        self._decode: Callable[[bytes], str] | None = None
        if sys.stdout.isatty():
            decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
            self._decode = decoder.decode

    def everything(self, file: BinaryIO, path: Path, tail: int | None) -> None:
        """Copy a log, or its last lines."""
        self.rest(file, path, 0 if tail is None else outputs.start_of_tail(file, path, tail))

    def rest(self, file: BinaryIO, path: Path, at: int) -> int:
        """Copy a log from a position to its present end; says where that is."""
        for piece in outputs.pieces(file, path, at):
            at = piece.at
            if piece.left_out:
                sys.stdout.flush()
                said = f"… {_amount(piece.left_out)} were left out here (log cap) …"
                click.echo(said, err=True)
            else:
                self.write(piece.text)
        sys.stdout.flush()
        return at

    def write(self, text: bytes) -> None:
        """Copy some bytes; they may stay in the buffer until `flush`."""
        if self._decode is not None:
            sys.stdout.write(self._decode(text))
        else:
            sys.stdout.buffer.write(text)

    def flush(self) -> None:
        """Let what was written be seen."""
        sys.stdout.flush()


def _amount(count: int) -> str:
    """`934 MB`."""
    size, units = float(count), ["bytes", "kB", "MB", "GB", "TB"]
    while size >= 999.5 and len(units) > 1:
        size /= 1000
        units.pop(0)
    return f"{size:.3g} {units[0]}"


def follow(glance: Glance, trial: Document, container: str, tail: int | None) -> NoReturn:
    """Copy a log as it grows, until the trial has ended and everything is said.

    Raises:
        click.exceptions.Exit: Always; quietly with 130 after Ctrl-C.
        NotFound: The trial has ended without a log of that program.
    """
    try:
        with ExitStack() as stack:
            _Following(glance, trial, container, tail, stack).to_the_end()
    except KeyboardInterrupt:
        raise click.exceptions.Exit(INTERRUPTED) from None
    raise click.exceptions.Exit(0)


class _Following:
    def __init__(
        self,
        glance: Glance,
        trial: Document,
        container: str,
        tail: int | None,
        stack: ExitStack,
    ) -> None:
        self._glance, self._trial, self._container = glance, trial, container
        self._tail, self._stack, self._copy = tail, stack, Copy()
        self._file: BinaryIO | None = None
        self._path = Path()
        self._at = 0
        self._is_waiting = False
        self._unjudged = 0

    def to_the_end(self) -> None:
        while True:
            # First whether it has ended, then what it wrote: so nothing is missed.
            over = self._is_over()
            self._go_on()
            if over:
                break
            time.sleep(LOOK_S)
        if self._file is None:
            log_of(folder_of(self._trial), self._trial, self._container)
            raise NotFound(f'trial "{self._trial["metadata"]["name"]}" has ended without output')

    def _is_over(self) -> bool:
        """Whether nothing more will be written; brings what is known of the trial up to date."""
        namespace, name = finding.placed(self._trial)
        try:
            found = self._glance.get("Trial", namespace, name)
        except StoreBusy:
            return False  # it will be less busy the next time
        if found is None or found["metadata"]["uid"] != self._trial["metadata"]["uid"]:
            click.echo(f'munshi: trial "{name}" was deleted', err=True)
            return True
        self._trial = found
        state = process.inspect(folder_of(found))
        if glimpse.has_ended(found):
            # A trial that is killed has ended before its program has.
            return not isinstance(state, process.Running)
        self._unjudged = self._unjudged + 1 if isinstance(state, process.Ended) else 0
        if self._unjudged == UNJUDGED_LOOKS:
            said = "the program has ended, but nobody reads what it reported"
            click.echo(f"munshi: {said}: munshi run goes on with its experiment", err=True)
        return False

    def _go_on(self) -> None:
        """Copy what is new; where the trial has begun anew, the rest of the old log first."""
        folder = folder_of(self._trial)
        name = f"{place.LOG}.{self._container}" if self._container else place.LOG
        path = folder / name
        if self._file is not None:
            self._at = self._copy.rest(self._file, self._path, self._at)
            if not _is_another(self._file, path):
                return
            click.echo("munshi: the trial begins anew", err=True)
        try:
            file = self._stack.enter_context(path.open("rb"))
        except OSError:
            self._wait(folder)
            return
        at = 0
        if self._file is None and self._tail is not None:
            at = outputs.start_of_tail(file, path, self._tail)
        self._file, self._path = file, path
        self._at = self._copy.rest(file, path, at)

    def _wait(self, folder: Path) -> None:
        if self._is_waiting or self._file is not None:
            return
        self._is_waiting = True
        name = self._trial["metadata"]["name"]
        if folder.exists() and self._container:
            said = f'trial "{name}" has no log of "{self._container}" yet'
        else:
            said = f'trial "{name}" does not run yet'
        click.echo(f"munshi: {said}; waiting, Ctrl-C ends it", err=True)


def _is_another(file: BinaryIO, path: Path) -> bool:
    """Whether another file has this name now; a log that was only moved or deleted is still its own."""
    try:
        there, ours = path.stat(), os.fstat(file.fileno())
    except OSError:
        return False
    return (there.st_dev, there.st_ino) != (ours.st_dev, ours.st_ino)
