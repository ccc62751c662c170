"""The command line: one file per verb, and what they print.

Last stop of the journey: someone sees it. `main` is what the `munshi` command calls. It starts the verb,
and turns whatever comes back into what a shell understands: data on stdout, talk on stderr, an exit code
(0 fine, 1 failed, 2 the input must be mended, 4 not found, 124 timeout, 130 interrupted). A user never
sees a traceback: one that nobody foresaw goes into a file, whose path is said.

    verbs.py     the verbs by name, and the overview of them
    group.py     the command line; loads a verb when it is asked for
    ending.py    errors become sentences and exit codes
    places.py    where experiments live: the protocols that verbs know, and the choice
    laptop.py    this machine as a place, over     home.py      $MUNSHI_HOME and the wall clock
    clusters.py  a cluster as one, with            desks.py     what of it needs the models
    finding.py   objects by name                   mistaken.py  names of the other kind
    files.py     YAML files and standard input, as documents
    kinds.py     kinds and names as people type them     options.py      what several verbs take
    tables.py    columns, ages, wide characters          columns.py      which columns a kind has
    facts.py     what can be read off trials             glimpse.py      the same off documents
    printing.py  the forms of `get -o`                   templates.py    those that the user writes
    jsonpath/    kubectl's templates                     custom_columns.py  columns of one's own
    watching.py  what changes, as it changes             selectors.py    objects by their labels
    outputs.py   logs, and gaps in them                  following.py    logs as they grow
    completing.py  what could stand at the cursor        description.py  everything about one object
    wishes.py    what stop, suspend, resume and retry write
    progress.py  while `munshi run` runs                 summary.py   when it has ended

The rest is verbs. They know places and the pure rooms; none knows SQL, Kubernetes or the engine. What only
shows (`get`, completion) reads documents and loads no models: a glance must be answered at once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: Without the program's name; None for those of this process.

    Returns:
        The exit code. The console script hands it to the shell.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        if words in (["--help"], ["-h"]):
            return _overview()
        # Imported here so that Ctrl-C is answered from the first moment, and `import munshi.cli.tables`
        # by somebody else loads no click.
        from munshi.cli import ending, group  # noqa: PLC0415

        return ending.of(group.munshi, words)
    except KeyboardInterrupt:
        return 130


def _overview() -> int:
    """The first thing anybody types answers at once: what reads command lines is not loaded for it."""
    from munshi.cli import verbs  # noqa: PLC0415

    try:
        print(verbs.overview(), flush=True)
    except (OSError, UnicodeError):
        # A closed pipe, a full disk, a poor terminal: met in the usual way, by those who know how.
        from munshi.cli import ending, group  # noqa: PLC0415

        return ending.of(group.munshi, ["--help"])
    return 0
