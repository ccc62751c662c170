"""Colours: on a terminal that wants them, nowhere else, and never in data."""

from __future__ import annotations

import io
import os

import pytest

from munshi.cli.progress import Progress
from support.cli_world import NOW, a_trial, an_experiment, condition
from support.ledger import Ledger
from support.terminal import command

ESCAPE = b"\x1b["
VERBS = {
    "get": ["get", "tr", "-o", "wide"],
    "get as JSON": ["get", "tr", "-o", "json"],
    "get in columns of one's own": ["get", "tr", "-o", "custom-columns=NAME:.metadata.name"],
    "describe": ["describe", "tr", "random-a1"],
    "an error": ["get", "tr", "nope"],
    "a usage error": ["get"],
    "help": ["--help"],
    "a verb's help": ["get", "--help"],
}
FORCED = [{}, {"FORCE_COLOR": "1"}, {"NO_COLOR": "1"}, {"CLICOLOR_FORCE": "1"}]


@pytest.mark.parametrize("words", VERBS.values(), ids=VERBS.keys())
def test_tables_and_texts_have_no_colours(ledger: Ledger, words: list[str]) -> None:
    """What reading verbs print has no escapes: on a terminal that is asked to have them neither."""
    for env in ({}, {"FORCE_COLOR": "1"}):
        with command(*words, home=ledger.home.path, env=env, terminal=True) as munshi:
            munshi.end()
        assert munshi.out
        assert ESCAPE not in munshi.out


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """It says so."""
        return True


def progress(stream: io.StringIO) -> str:
    """What `munshi run` shows of an experiment under way."""
    best = a_trial("random-x7", "Succeeded", accuracy="0.97")
    shown = Progress(stream)
    running = an_experiment("random", condition("Running"), best=best, trials_succeeded=1)
    shown.update(running, NOW)
    shown.close()
    return stream.getvalue()


COLOURS = ("\x1b[1;", "\x1b[3", "\x1b[1m", "\x1b[2m", "\x1b[38;")
CASES: dict[str, tuple[dict[str, str], bool]] = {
    "a terminal": ({}, True),
    "NO_COLOR": ({"NO_COLOR": "1"}, False),
    "NO_COLOR with any value": ({"NO_COLOR": "0"}, False),
    "NO_COLOR that is empty": ({"NO_COLOR": ""}, True),
    "NO_COLOR beside FORCE_COLOR": ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
    "FORCE_COLOR": ({"FORCE_COLOR": "1"}, True),
}


@pytest.fixture(autouse=True)
def plain_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal like most, without wishes about colours."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.mark.parametrize(("env", "coloured"), CASES.values(), ids=CASES.keys())
def test_progress_on_a_terminal(
    env: dict[str, str], coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal progress has colours unless NO_COLOR says otherwise; it is drawn live all the same."""
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    text = progress(Terminal())
    assert "random-x7" in text
    assert any(colour in text for colour in COLOURS) is coloured


@pytest.mark.parametrize("env", FORCED, ids=lambda env: " ".join(env) or "nothing said")
def test_progress_elsewhere(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """In a pipe or a file progress is plain lines without a single escape, whatever is wished."""
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    text = progress(io.StringIO())
    assert "\x1b" not in text
    assert text.startswith("[00:00] 1/12 trials: ")


def test_a_dumb_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that cannot redraw gets plain lines."""
    monkeypatch.setitem(os.environ, "TERM", "dumb")
    assert "\x1b" not in progress(Terminal())
