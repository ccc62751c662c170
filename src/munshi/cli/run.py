"""`munshi run`: one Experiment, from its file to its best settings, on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import click

from munshi.api.experiment import Experiment
from munshi.api.source import Source
from munshi.api.trial import Trial
from munshi.cli import amounts, ending, files, home, options, served, submission
from munshi.cli.files import Documents
from munshi.cli.limits import options as limit_options
from munshi.cli.progress import Progress
from munshi.cli.settings import options as settings_options
from munshi.cli.summary import summary
from munshi.local import diary
from munshi.local.home import open_home
from munshi.local.planning import Settings
from munshi.local.runtime import Runtime as Work
from munshi.rpc.services.target import Targets
from munshi.suggester.limits import Limits

_PATIENCE_S = 1.0
"""Most programs end with TERM at once; only when they do not there is something to say."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line says."""

    settings: Settings
    targets: Targets
    limits: Limits
    timeout: timedelta | None
    output: str | None
    progress: bool


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="FILE...")
@settings_options
@served.options
@limit_options
@click.option("--timeout", metavar="TIME", help="Give up after so long: 90s, 15m, 2h.")
@click.option("--no-progress", is_flag=True, help="Say nothing until the end.")
@options.namespace
@options.output("json", "yaml", "name")
def run(  # noqa: PLR0913, PLR0917 - one for each option
    names: tuple[str, ...],
    settings: Settings,
    targets: Targets,
    limits: Limits,
    timeout: str | None,
    no_progress: bool,
    namespace: str,
    output: str | None,
) -> int:
    """Run an Experiment on this machine and show how it goes.

    FILE may be - for standard input; ConfigMaps in the same files serve the Experiment. The same command goes
    on where an interrupted one stopped. Exit codes: 0 succeeded, 1 failed, 2 invalid input, 124 timeout,
    130 interrupted.
    """
    limit = amounts.span("--timeout", timeout) if timeout is not None else None
    wish = Wish(settings, targets, limits, limit, output, not no_progress)
    documents = files.read(names)
    for refusal in documents.refusals:
        ending.say(refusal)
    if documents.refusals:
        return ending.BAD_INPUT
    for note in documents.notes:
        click.echo(f"note: {note}", err=True)
    if len(documents.experiments) != 1:
        problem = f"one Experiment at a time is run; these files hold {len(documents.experiments)}"
        raise click.UsageError(problem)
    return asyncio.run(_run(documents.experiments[0], documents, namespace, wish))


async def _run(document: Source, documents: Documents, namespace: str, wish: Wish) -> int:
    place = open_home()
    async with place.store() as store:
        documents = await submission.with_kept_config_maps(store, documents)
        experiment, warnings = submission.admitted(document, documents, namespace, wish.targets)
        for warning in warnings:
            click.echo(warning, err=True)
        submission.judge_here(experiment, document, documents, wish.settings)
        async with served.services(
            wish.targets, experiment, place.path, wish.limits.time
        ) as services:
            if services is not None and (faults := await services.faults(experiment)):
                raise document.refusal(faults)
            await submission.keep_config_maps(store, documents, experiment.namespace)
            named = submission.named(experiment)
            if named is not experiment:
                click.echo(f"munshi: the experiment is called {named.name}", err=True)
            experiment = await submission.submitted(store, named, document)
            work = Work(
                place,
                store,
                experiment.namespace,
                experiment.name,
                wish.settings,
                wish.limits,
                services,
            )
            with diary.kept_in(place.path, _alarm):
                return await _watched(work, wish)


def _alarm(trouble: str, diary_path: Path) -> None:
    said = f"{trouble}; munshi goes on trying, Ctrl-C stops it; more in {diary_path}"
    click.echo(f"munshi: warning: {said}", err=True)


async def _watched(runtime: Work, wish: Wish) -> int:
    progress = Progress() if wish.progress else None
    latest: list[Trial] = []
    said: set[str] = set()

    def told(experiment: Experiment, trials: Sequence[Trial]) -> None:
        latest[:] = trials
        for note in runtime.notes:
            if note not in said:
                said.add(note)
                click.echo(f"munshi: note: {note}", err=True)
        if progress is not None:
            progress.update(experiment, home.now())

    with contextlib.closing(progress) if progress else contextlib.nullcontext():
        work = asyncio.ensure_future(runtime.finish(told))
        with _signals(work.cancel):
            limit = wish.timeout.total_seconds() if wish.timeout else None
            done, _ = await asyncio.wait([work], timeout=limit)
        if not done:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
        if progress is not None:
            progress.close()  # what is said from here on stands below it
        if not done:
            return await _stopped(
                runtime, ending.TIMEOUT, f"--timeout {_said(wish.timeout)} is over"
            )
        if work.cancelled():
            return await _stopped(runtime, ending.INTERRUPTED, "interrupted")
        experiment = work.result()
    return _told_at_last(experiment, latest, wish)


async def _stopped(runtime: Work, code: int, why: str) -> int:
    work = asyncio.ensure_future(runtime.interrupt())
    with _signals(runtime.hurry):
        done, _ = await asyncio.wait([work], timeout=_PATIENCE_S)
        if not done:
            said = "waiting for programs to end; Ctrl-C again kills them"
            click.echo(f"munshi: {why}; {said}", err=True)
        count = await work
    if count is None:
        click.echo(f"munshi: {why}; the process that runs the experiment goes on", err=True)
        return code
    stopped = (
        "1 trial was stopped and begins" if count == 1 else f"{count} trials were stopped and begin"
    )
    text = f"{stopped} anew when the same command is run again" if count else "nothing was running"
    click.echo(f"munshi: {why}; {text}", err=True)
    return code


def _told_at_last(experiment: Experiment, trials: Sequence[Trial], wish: Wish) -> int:
    if wish.output in ("json", "yaml"):
        options.echo_as(wish.output, experiment.dump())
    elif wish.output == "name":
        click.echo(options.full_name(experiment))
    text = summary(experiment, trials)
    click.echo(text.rstrip("\n"), err=wish.output is not None)
    return ending.OK if experiment.is_succeeded else ending.FAILED


@contextlib.contextmanager
def _signals(heard: Callable[[], object]) -> Iterator[None]:
    """Ctrl-C, TERM and HUP call a function instead of ending us; order is made afterwards."""
    loop = asyncio.get_running_loop()
    caught = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for one in caught:
        loop.add_signal_handler(one, heard)
    try:
        yield
    finally:
        for one in caught:
            loop.remove_signal_handler(one)


def _said(span: timedelta | None) -> str:
    return f"{span.total_seconds():g}s" if span else ""
