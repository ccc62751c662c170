"""The table of addresses: what may be asked, with which words, and what is answered.

`openapi` describes it, and adds itself under `/api/openapi.json`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from munshi.web import acting, catalogue, reading, shapes

Handler = Callable[[Request], Awaitable[object]]
"""Returns what is to be written as JSON, or a Response."""

_ONE = "/api/experiments/{namespace}/{name}"
_TRIAL = f"{_ONE}/trials/{{trial}}"


@dataclass(frozen=True, slots=True)
class Query:
    """Something behind the `?`.

    Attributes:
        name: As it is written.
        kind: `string` or `integer`.
        words: What it means.
    """

    name: str
    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class Route:
    """One address.

    Attributes:
        method: GET, POST or DELETE.
        path: With `{names}` of what varies.
        handler: Answers; its docstring's first line says what.
        answer: The shape of the answer; None for one that is no JSON.
        status: Of the answer when all goes well.
        body: The shape of the request's JSON; None for none.
        query: What may stand behind the `?`.
        optional_body: The body may be left out.
    """

    method: str
    path: str
    handler: Handler
    answer: Any
    status: int = 200
    body: Any = None
    query: tuple[Query, ...] = ()
    optional_body: bool = False


_METRIC = Query("metric", "string", "Which metric; default: the objective, or all of a trial.")
_POINTS = Query("points", "integer", "At most about so many points of a curve.")
_FROM = Query("from", "integer", "The byte to begin at; a negative one counts from the end.")
_NAMESPACE = Query("namespace", "string", "Only this one; default: all.")

ROUTES: tuple[Route, ...] = (
    Route("GET", "/api/session", reading.session, shapes.Session),
    Route("GET", "/api/experiments", reading.experiments, shapes.Rows, query=(_NAMESPACE,)),
    Route("GET", _ONE, reading.experiment, shapes.Detail),
    Route("GET", f"{_ONE}/trials", reading.all_trials, shapes.Trials),
    Route("GET", f"{_ONE}/curves", reading.curves, shapes.Curves, query=(_METRIC, _POINTS)),
    Route("GET", f"{_ONE}/importance", reading.importance, shapes.Importance),
    Route("GET", f"{_ONE}/events", reading.events, shapes.Story),
    Route("GET", _TRIAL, reading.trial, shapes.TrialDetail),
    Route(
        "GET",
        f"{_TRIAL}/metrics",
        reading.trial_metrics,
        shapes.TrialMetrics,
        query=(_METRIC, _POINTS),
    ),
    Route("GET", f"{_TRIAL}/log", reading.trial_log, shapes.Log, query=(_FROM,)),
    Route(
        "POST",
        f"{_ONE}/stop",
        acting.stop,
        shapes.Said,
        body=shapes.Reason,
        optional_body=True,
    ),
    Route("POST", f"{_ONE}/suspend", acting.suspend, shapes.Said),
    Route("POST", f"{_ONE}/resume", acting.resume, shapes.Said),
    Route("POST", f"{_ONE}/restart", acting.restart, shapes.Said, body=shapes.Budget),
    Route("DELETE", _ONE, acting.delete, shapes.Said),
    Route(
        "POST",
        f"{_TRIAL}/stop",
        acting.stop_trial,
        shapes.Said,
        body=shapes.Reason,
        optional_body=True,
    ),
    Route("POST", f"{_TRIAL}/retry", acting.retry_trial, shapes.Said),
    Route("POST", "/api/validate", acting.validate, shapes.Verdict, body=shapes.Text),
    Route("POST", "/api/render", acting.render, shapes.Job, body=shapes.Sample),
    Route("POST", "/api/experiments", acting.create, shapes.Created, 201, shapes.Text),
    Route("GET", "/api/schema", catalogue.schema, dict[str, Any]),
    Route("GET", "/api/algorithms", catalogue.algorithms, list[shapes.Algorithm]),
    Route("GET", "/api/changes", reading.changes, None),
)
