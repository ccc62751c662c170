"""The command line: one file per verb, and what they print.

Last stop of the journey: someone sees it. `main` is what the `munshi` command calls. It starts the verb,
and turns whatever comes back into what a shell understands: data on stdout, talk on stderr, an exit code
(0 fine, 1 failed, 2 the input must be mended, 4 not found, 124 timeout, 130 interrupted). A user never
sees a traceback: one that nobody foresaw goes into a file, whose path is said.

    group.py     the verbs by name, each loaded when it is asked for
    ending.py    errors become sentences and exit codes
    home.py      the way to stored objects, and to the wall clock
    files.py     YAML files and standard input, as documents
    tables.py    columns, ages, wide characters          columns.py   which columns a kind has
    facts.py     what can be read off trials             description.py  everything about one object
    progress.py  while `munshi run` runs                 summary.py   when it has ended

The rest is verbs. They know the Store and the pure rooms; none knows SQL, processes or the engine.
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
    try:
        # Imported here so that Ctrl-C is answered from the first moment, and `import munshi.cli.tables`
        # by somebody else loads no click.
        from munshi.cli import ending, group  # noqa: PLC0415

        return ending.of(group.munshi, sys.argv[1:] if arguments is None else list(arguments))
    except KeyboardInterrupt:
        return 130
