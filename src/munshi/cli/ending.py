"""How a command ends: every error becomes sentences on stderr and an exit code.

`main` calls `of` with the whole command line. Errors that munshi raises on purpose say what to do; an error
nobody foresaw is our bug, and its traceback goes to a file for the report, never to the screen.
"""

from __future__ import annotations

import os
import sys

import click

from munshi.cli import home
from munshi.errors import (
    AlgorithmRefused,
    Invalid,
    LaunchRefused,
    MunshiError,
    NotFound,
    TemplateBroken,
    printable,
)

OK, FAILED, BAD_INPUT, NOT_FOUND, TIMEOUT, INTERRUPTED, PIPE_CLOSED = 0, 1, 2, 4, 124, 130, 141
"""Exit codes. 141 is what a shell shows for a program that SIGPIPE ended."""


class PipeClosed(Exception):
    """Whoever read our output has seen enough (`munshi get trials | head`)."""


def of(command: click.Command, arguments: list[str]) -> int:
    """Run the command to its end.

    Returns:
        The exit code; whatever had to be said about it has been said.
    """
    _fill_the_gaps()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A terminal that cannot show Korean gets escapes, not a crash.
            stream.reconfigure(errors="backslashreplace")
    try:
        result = command.main(arguments, prog_name="munshi", standalone_mode=False)
        sys.stdout.flush()
    except (PipeClosed, BrokenPipeError):
        return _pipe_closed()
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except SystemExit as exiting:
        return _code(exiting.code)
    except click.ClickException as refusal:
        refusal.show()
        return refusal.exit_code
    except MunshiError as error:
        say(error)
        return code_of(error)
    except OSError as refusal:
        return _refused_by_the_system(refusal)
    except Exception as bug:
        click.echo(_confession(bug), err=True)
        return FAILED
    return _code(result)


def say(error: MunshiError) -> None:
    """Print an error's sentences on stderr; faults have a line each, opening with their place."""
    if isinstance(error, Invalid):
        click.echo("\n".join(error.lines()), err=True)
    else:
        click.echo(printable(f"munshi: {error}", but="\n\t"), err=True)


def code_of(error: MunshiError) -> int:
    """The exit code that tells a script what to do about this error."""
    match error:
        case Invalid() | TemplateBroken() | AlgorithmRefused() | LaunchRefused():
            return BAD_INPUT
        case NotFound():
            return NOT_FOUND
        case _:
            return FAILED


def _code(result: object) -> int:
    if result is None:
        return OK
    return result if isinstance(result, int) else FAILED


def _fill_the_gaps() -> None:
    """Where a shell closed a standard stream (`>&-`) there is nobody to talk to, and that is all right.

    Whatever is opened next would get the number of the closed one, the database say; so it is taken.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - for good


def _refused_by_the_system(refusal: OSError) -> int:
    """A full disk behind stdout, a file that vanished: the system's own words, and no traceback."""
    said = refusal.strerror or str(refusal)
    if refusal.filename:
        said = f"the system refused: {said} ({refusal.filename})"
    elif _output_is_to_blame(refusal):
        said = f"the output{_its_name()} cannot be written: {said}"
    else:
        said = f"the system refused: {said}"
    click.echo(f"munshi: {said}", err=True)
    _pipe_closed()
    return FAILED


def _output_is_to_blame(refusal: OSError) -> bool:
    """Whether it arose in click's printing, or what is left to be printed still cannot be."""
    step = refusal.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    if step is not None and step.tb_frame.f_globals.get("__name__") == click.echo.__module__:
        return True
    try:
        sys.stdout.flush()
    except OSError:
        return True
    return False


def _its_name() -> str:
    """The file behind stdout, in brackets, where the system tells."""
    try:
        return f" ({os.readlink('/proc/self/fd/1')})"  # noqa: PTH115 - a link's words, no path
    except OSError:
        return ""


def _pipe_closed() -> int:
    """Leave quietly: what is still buffered has no reader, and Python would complain at exit."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        pass  # stdout is no file: there is nothing to flush at exit
    return PIPE_CLOSED


def _confession(bug: Exception) -> str:
    import tempfile  # noqa: PLC0415 - none of these is needed on a good day
    import traceback  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    text = "".join(traceback.format_exception(bug))
    said = f"munshi: this is a bug in munshi, not in your files ({type(bug).__name__})"
    for folder in (home.crash_folder(), Path(tempfile.gettempdir())):
        path = folder / f"crash-{home.now():%Y%m%dT%H%M%S}-{os.getpid()}.txt"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", errors="backslashreplace")
        except OSError:
            continue
        return f"{said}; please report it with the file {path}"
    return f"{said}: {bug}; no folder could take the report"
