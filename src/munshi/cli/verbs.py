"""The verbs by name: where each lives, and its line in `munshi --help`.

A table and nothing else, so that the overview is printed without loading what reads command lines.
"""

from __future__ import annotations

import shutil
import textwrap
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Verb(NamedTuple):
    """Where a command lives, and its line in `munshi --help`."""

    path: str
    help: str


VERBS: Mapping[str, Verb] = {
    "run": Verb("munshi.cli.run:run", "Run an Experiment on this machine and show how it goes."),
    "validate": Verb(
        "munshi.cli.validate:validate", "Say whether files are right, without running."
    ),
    "render": Verb("munshi.cli.render:render", "Print the exact job that a trial would run."),
    "convert": Verb(
        "munshi.cli.convert:convert", "Rewrite Experiments of v1alpha3 in today's v1beta1."
    ),
    "get": Verb("munshi.cli.get:get", "List experiments, trials or suggestions."),
    "describe": Verb("munshi.cli.describe:describe", "Tell everything about one object."),
    "best": Verb("munshi.cli.best:best", "Print the best trial's objective value and settings."),
    "logs": Verb("munshi.cli.logs:logs", "Print what a trial's program wrote."),
    "metrics": Verb("munshi.cli.metrics:metrics", "Print every value a trial reported."),
    "explain": Verb(
        "munshi.cli.explain:explain", "Tell the story of an experiment or a trial, and why."
    ),
    "replay": Verb(
        "munshi.cli.replay:replay", "Compute every suggestion again, and compare with the records."
    ),
    "export": Verb("munshi.cli.export:export", "Print all trials as a table: CSV or JSON."),
    "ui": Verb("munshi.cli.ui:ui", "Show experiments in a browser, live."),
    "suspend": Verb("munshi.cli.suspend:suspend", "Begin no new trial for now."),
    "resume": Verb("munshi.cli.resume:resume", "Go on after suspend or stop."),
    "stop": Verb("munshi.cli.stop:stop", "End experiments or trials now, and keep their results."),
    "retry": Verb("munshi.cli.retry:retry", "Run trials once more that failed or were killed."),
    "gc": Verb("munshi.cli.gc:gc", "Remove what nothing needs any more, and compact the database."),
    "delete": Verb("munshi.cli.delete:delete", "Stop and delete experiments or trials."),
    "operator": Verb(
        "munshi.cli.operator:operator", "Drive the Experiments of a Kubernetes cluster."
    ),
    "suggestion-service": Verb(
        "munshi.cli.suggestion_service:suggestion_service",
        "Serve munshi's algorithms to a cluster that runs Katib.",
    ),
    "completion": Verb(
        "munshi.cli.completion:completion", "Print what lets the shell complete commands."
    ),
    "version": Verb("munshi.cli.version:version", "Print munshi's version."),
}

PURPOSE = "Find the best settings of any program: hyperparameter tuning from one Katib YAML file."
_OPTIONS = {"--version": "Show the version and exit.", "-h, --help": "Show this message and exit."}
_END = "State lives under $MUNSHI_HOME. Begin with: munshi run experiment.yaml"
WIDEST = 100
"""Lines grow no longer than this, however wide the terminal is."""


def overview() -> str:
    """What `munshi --help` prints, as wide as the terminal allows."""
    columns = shutil.get_terminal_size().columns
    width = max(min(columns, WIDEST) - 2, 50)
    table = "\n\n".join(
        f"{title}:\n{_pairs(pairs, width)}"
        for title, pairs in (
            ("Options", _OPTIONS),
            ("Commands", {name: verb.help for name, verb in VERBS.items()}),
        )
    )
    usage = "Usage: munshi [OPTIONS] COMMAND [ARGS]..."
    return f"{usage}\n\n{_filled(PURPOSE, width)}\n\n{table}\n\n{_filled(_END, width)}"


def _filled(text: str, width: int) -> str:
    return textwrap.fill(text, width, initial_indent="  ", subsequent_indent="  ")


def _pairs(pairs: Mapping[str, str], width: int) -> str:
    """Names and what they do, in two columns; long sentences go on below themselves."""
    first = max(map(len, pairs)) + 4
    return "\n".join(
        textwrap.fill(
            said, width, initial_indent=f"  {name}".ljust(first), subsequent_indent=" " * first
        )
        for name, said in pairs.items()
    )
