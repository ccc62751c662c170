"""The handlers that look: the JSON twin of every page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from munshi.errors import NotFound
from munshi.web import answers, context, shapes
from munshi.web.answers import Packed
from munshi.web.context import VERSION, Context
from munshi.web.ledger import Ledger
from munshi.web.ports import Document
from munshi.web.views import matter, rows, series, story, trials, wire
from munshi.web.views.trials import Cells

MOST_CURVES = 200
"""More lines than this on one plot are a blot."""
LOG_BYTES = 256 << 10
_FIRST_METRICS = 50
"""Metrics of a trial that are sent when none is named."""


async def session(request: Request) -> shapes.Session:
    """Who answers, and what may be done here."""
    here = context.of(request)
    place = here.place
    return {
        "version": VERSION,
        "place": place.name,
        "can": {"create": place.may_create, "act": place.may_act},
        "csrf": here.secrets.csrf,
    }


async def experiments(request: Request) -> shapes.Rows:
    """Every Experiment as a line of the table."""
    here, namespace = context.of(request), request.query_params.get("namespace") or None

    def read(ledger: Ledger) -> shapes.Rows:
        now = here.place.now()
        found = ledger.experiments(namespace)
        return {
            "version": ledger.version(),
            "items": [rows.row(one, sparks, now) for one, sparks in found],
        }

    return await here.desk.ask(read)


async def experiment(request: Request) -> shapes.Detail:
    """Everything about one Experiment."""
    here, (namespace, name) = context.of(request), context.named(request)

    def read(ledger: Ledger) -> shapes.Detail:
        found = ledger.experiment(namespace, name)
        row = rows.row(found, ledger.sparks(found), here.place.now())
        suggestion = ledger.get("Suggestion", namespace, name)
        return rows.detail(found, row, suggestion, here.place.arguments(found))

    return await here.desk.ask(read)


async def all_trials(request: Request) -> Response:
    """Every trial of an Experiment, column by column."""

    def made(found: Document, ordered: list[Cells], version: int) -> shapes.Trials:
        names = [str(one.get("name", "")) for one in rows.parameters(found)]
        return trials.table(version, names, wire.objective(found).metric_names, ordered)

    return await _kept(request, "trials", made)


async def importance(request: Request) -> Response:
    """How much each parameter matters."""

    def made(found: Document, ordered: list[Cells], version: int) -> shapes.Importance:
        del version
        return matter.importance(found, ordered)

    return await _kept(request, "importance", made)


async def curves(request: Request) -> shapes.Curves:
    """A metric over steps, for the best and the newest trials."""
    here, (namespace, name) = context.of(request), context.named(request)
    points = context.number(request, "points", 100, 4, 2_000)

    def read(ledger: Ledger) -> tuple[Document, list[Cells]]:
        found = ledger.experiment(namespace, name)
        return found, ledger.book(found).trials()

    found, ordered = await here.desk.ask(read)
    sought = wire.objective(found)
    metric = request.query_params.get("metric") or sought.objective_metric_name
    reporting = [one for one in ordered if metric in one.observed or not one.has_ended]
    minimize = sought.type == "minimize"
    some = series.chosen(reporting, MOST_CURVES, minimize=minimize)
    drawn: dict[str, list[tuple[float, float | None]]] = {}
    shortened = 0
    for one in some:
        reports = await here.values.reports(one.uid, metric)
        if reports:
            drawn[one.name], cut = series.curve(reports, points)
            shortened += cut
    said = []
    if len(some) < len(reporting):
        said.append(f"{len(some)} of {len(reporting)} trials are drawn: the best and the newest.")
    if shortened:
        said.append(f"Of long curves at most {points} points are drawn; peaks are kept.")
    return {"metric": metric, "thinned": bool(said), "said": " ".join(said), "curves": drawn}


async def events(request: Request) -> shapes.Story:
    """What happened to an Experiment and its trials, and why."""
    here, (namespace, name) = context.of(request), context.named(request)
    found = await here.desk.ask(lambda ledger: ledger.experiment(namespace, name))
    told = await here.values.events(wire.part(found, "metadata").get("uid", ""))
    return {"items": story.story(told)}


async def trial(request: Request) -> shapes.TrialDetail:
    """Everything about one trial."""
    here, found = await _trial(request)
    told = await here.values.events(wire.owner(found), wire.placed(found)[1])
    happened = story.story(told, wire.part(found, "metadata").get("uid", ""))
    rerun = here.place.rerun(found)
    return await asyncio.to_thread(trials.detail, found, happened, rerun)


async def trial_metrics(request: Request) -> shapes.TrialMetrics:
    """Every value that a trial reported, thinned if there are very many."""
    points = context.number(request, "points", 2_000, 4, 20_000)
    here, found = await _trial(request)
    wanted = request.query_params.get("metric")
    names = [wanted] if wanted else _metrics(found)[:_FIRST_METRICS]
    uid = wire.part(found, "metadata").get("uid", "")
    told = {each: await here.values.reports(uid, each) for each in names}
    return {
        "metrics": {
            each: series.series(reports, points) for each, reports in told.items() if reports
        }
    }


async def trial_log(request: Request) -> shapes.Log:
    """Some of what a trial printed."""
    start = context.number(request, "from", 0, -(1 << 50), 1 << 50)
    here, found = await _trial(request)
    try:
        part = await asyncio.to_thread(here.place.log, found, start, LOG_BYTES)
    except NotFound:
        if trials.has_ended(found):
            raise
        return {"from": 0, "to": 0, "size": 0, "ended": False, "text": ""}
    return {
        "from": part.start,
        "to": part.end,
        "size": part.size,
        # Asked for before the log was read, so nothing printed at the last moment is missed.
        "ended": trials.has_ended(found) and part.end >= part.size,
        "text": part.text,
    }


async def changes(request: Request) -> Response:
    """News as they come, as server-sent events named `change`."""
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    stream = context.of(request).live.join()
    return StreamingResponse(stream, 200, headers, media_type="text/event-stream")


async def _trial(request: Request) -> tuple[Context, Document]:
    here, (namespace, name) = context.of(request), context.named(request)
    wanted = request.path_params["trial"]
    return here, await here.desk.ask(lambda ledger: ledger.trial(namespace, name, wanted))


def _metrics(found: Document) -> list[str]:
    """The requested metrics, then any others that were observed."""
    sought = wire.objective({"spec": {"objective": wire.part(found, "spec", "objective")}})
    seen = wire.observed(wire.part(found, "status", "observation"))
    return list(dict.fromkeys([*sought.metric_names, *seen]))


async def _kept(
    request: Request, what: str, made: Callable[[Document, list[Cells], int], object]
) -> Response:
    """An answer made of all trials: made once for each version of them, and kept for the next asker."""
    here, (namespace, name) = context.of(request), context.named(request)

    def read(ledger: Ledger) -> Packed:
        found = ledger.experiment(namespace, name)
        uid = wire.part(found, "metadata").get("uid", "")
        book = ledger.book(found)
        asked, tag = f"{what} {uid}", f"{what}-{uid}-{book.version}"
        pack = partial(made, found, book.trials(), book.version)
        kept = here.shelf.get(asked, tag)
        return kept or here.shelf.keep(asked, answers.pack(pack(), tag))

    return answers.send(await here.desk.ask(read), request)
