"""The answers of the JSON twin, field by field. `web/src/api/types.ts` says the same to the browser.

Times are RFC 3339 text in UTC. A number that is NaN, infinite or absent is null: JSON has no other word.
"""

from __future__ import annotations

from typing_extensions import TypedDict


class Can(TypedDict):
    """What may be done here."""

    create: bool
    act: bool


class Session(TypedDict):
    """Who answers, and the token that every POST and DELETE carries in the header X-Munshi-CSRF."""

    version: str
    place: str
    can: Can
    csrf: str


class Goal(TypedDict):
    """What is sought: `type` is maximize or minimize."""

    type: str
    metric: str
    goal: float | None


class Counts(TypedDict):
    """How many trials there are in all, and in each state."""

    total: int
    running: int
    pending: int
    succeeded: int
    failed: int
    killed: int
    earlyStopped: int
    metricsUnavailable: int


class BestTrial(TypedDict):
    """The best trial so far, and its objective value."""

    trial: str
    value: float | None


class Row(TypedDict):
    """An Experiment as a line of the table.

    `sparkline` is the best value so far after each trial, at most 60 numbers; empty while it is not known.
    `eta_s` is how many seconds it will still take if it goes on as it did.
    """

    namespace: str
    name: str
    uid: str
    created: str | None
    started: str | None
    completed: str | None
    type: str
    reason: str
    message: str
    algorithm: str
    objective: Goal
    counts: Counts
    max_trials: int | None
    parallel: int | None
    best: BestTrial | None
    sparkline: list[float]
    eta_s: float | None


class Rows(TypedDict):
    """All Experiments, as of a version of the store."""

    version: int
    items: list[Row]


class Parameter(TypedDict):
    """A parameter and what it may be; texts as the author wrote them."""

    name: str
    type: str
    min: str | None
    max: str | None
    step: str | None
    list: list[str] | None
    distribution: str


class Condition(TypedDict):
    """A statement about an object, and since when it is so."""

    type: str
    status: str
    reason: str
    message: str
    time: str | None


class Message(TypedDict):
    """A sentence."""

    message: str


class Detail(Row):
    """An Experiment with everything its page shows.

    `metrics` begins with the objective. `best_args` are the best settings as the program's own arguments.
    """

    parameters: list[Parameter]
    metrics: list[str]
    best_assignments: dict[str, str] | None
    best_args: str
    conditions: list[Condition]
    yaml: str
    suggestion: Message | None


class Reduced(TypedDict):
    """The latest, least and greatest value of a metric, a cell for each trial."""

    latest: list[float | None]
    min: list[float | None]
    max: list[float | None]


class Trials(TypedDict):
    """All trials of an Experiment, column by column, in the order they were suggested.

    Every column has `rows` cells. `objective` is by the metric's strategy. Texts of more than 500
    characters are cut here and end in `…`; the trial's own page has them whole.
    """

    version: int
    parameters: list[str]
    metrics: list[str]
    rows: int
    name: list[str]
    index: list[int | None]
    type: list[str]
    reason: list[str]
    message: list[str]
    started: list[str | None]
    completed: list[str | None]
    values: dict[str, list[str | None]]
    observed: dict[str, Reduced]
    objective: list[float | None]


class Curves(TypedDict):
    """A metric over steps, for many trials: [step, value] pairs by trial name."""

    metric: str
    thinned: bool
    said: str
    curves: dict[str, list[tuple[float, float | None]]]


class Importance(TypedDict):
    """How much of the objective's variation each parameter explains; the parts add up to 1.

    `importances` is empty when that cannot be told, and `said` says why.
    """

    method: str
    source: str
    trials: int
    importances: dict[str, float]
    said: str


class Happening(TypedDict):
    """Something that happened to an object, and why."""

    time: str
    object: str
    kind: str
    reason: str
    message: str
    warning: bool


class Story(TypedDict):
    """What happened, oldest first."""

    items: list[Happening]


class Observed(TypedDict):
    """What a metric came down to."""

    latest: float | None
    min: float | None
    max: float | None


class Rule(TypedDict):
    """When a trial is to be ended early."""

    name: str
    value: str
    comparison: str
    start_step: int | None


class TrialDetail(TypedDict):
    """A trial with everything its page shows; `job` is what it runs, as YAML."""

    name: str
    uid: str
    index: int | None
    type: str
    reason: str
    message: str
    started: str | None
    completed: str | None
    assignments: dict[str, str]
    observation: dict[str, Observed]
    conditions: list[Condition]
    rules: list[Rule]
    yaml: str
    job: str
    rerun: str
    events: list[Happening]


class Series(TypedDict):
    """A metric's values: [number of the report, time, value]; `count` says how many were reported."""

    thinned: bool
    count: int
    points: list[tuple[int, str | None, float | None]]


class TrialMetrics(TypedDict):
    """What a trial reported, by metric."""

    metrics: dict[str, Series]


Log = TypedDict("Log", {"from": int, "to": int, "size": int, "ended": bool, "text": str})
Log.__doc__ = """Some of a trial's output: the bytes from `from` to `to`, of `size`.

`ended` says that the trial has ended, so that no more will come.
"""


class Said(TypedDict):
    """What came of a wish."""

    said: str


class Fault(TypedDict):
    """Something the author must mend, and where it stands; both numbers begin at 1."""

    path: str
    line: int | None
    column: int | None
    problem: str
    mend: str


class Verdict(TypedDict):
    """What is to be said of an Experiment's YAML."""

    faults: list[Fault]
    notes: list[str]
    experiment: Row | None


class Job(TypedDict):
    """The job of a trial, as YAML."""

    job: str


class Created(TypedDict):
    """Where the new Experiment is."""

    namespace: str
    name: str


class Setting(TypedDict):
    """A setting of an algorithm."""

    name: str
    meaning: str
    limits: str
    default: str | None


class Algorithm(TypedDict):
    """An algorithm and its settings."""

    name: str
    summary: str
    settings: list[Setting]


class Change(TypedDict):
    """News: something of this Experiment changed (`kind` is experiment or trial)."""

    kind: str
    namespace: str
    name: str
    version: int


class Trouble(TypedDict):
    """What is wrong, and how to mend it."""

    message: str
    mend: str
    faults: list[Fault]


class Refusal(TypedDict):
    """The answer to whatever cannot be answered."""

    error: Trouble


class Text(TypedDict):
    """The YAML of an Experiment; ConfigMaps may stand beside it."""

    yaml: str


class Sample(Text, total=False):
    """The same, and which of its trials is to be shown."""

    trial: int


class Reason(TypedDict, total=False):
    """Why something is stopped, in your words."""

    reason: str


class Budget(TypedDict):
    """The new maxTrialCount."""

    max_trial_count: int
