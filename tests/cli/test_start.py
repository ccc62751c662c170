"""How quickly munshi answers: in multiples of Python's own start, and what it does without for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from munshi import cli
from munshi.cli import verbs
from support.ledger import Ledger

HEAVY = (
    "pydantic",
    "pydantic_core",
    "sqlalchemy",
    "alembic",
    "yaml",
    "asyncio",
    "rich",
    "numpy",
    "jsonpath",
)
GLANCES = {
    "a table": ["get", "experiments"],
    "a wide table": ["get", "trials", "-o", "wide"],
    "a table of every namespace": ["get", "trials", "-A"],
    "names": ["get", "trials", "-o", "name"],
    "JSON": ["get", "trials", "-o", "json"],
    "one trial": ["get", "trial", "random-a1"],
    "columns of one's own": ["get", "trials", "-o", "custom-columns=N:.metadata.name"],
    "a template": ["get", "trials", "-o", "jsonpath={.items[*].metadata.name}"],
    "labels": ["get", "trials", "-l", "a!=b"],
    "the overview": ["--help"],
    "a completion script": ["completion", "bash"],
}
ROUNDS, ATTEMPTS = 5, 4


@pytest.mark.parametrize("words", GLANCES.values(), ids=GLANCES.keys())
def test_a_glance_loads_nothing_heavy(ledger: Ledger, words: list[str]) -> None:
    """What only shows is answered without models, database toolkit, YAML or event loop."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "munshi", *words],
        env={**os.environ, "MUNSHI_HOME": str(ledger.home.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    loaded = {
        line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()
    }
    assert "munshi" in loaded
    assert loaded.isdisjoint(HEAVY)
    assert done.stdout


def test_the_overview_needs_no_reader_of_commands(ledger: Ledger) -> None:
    """`munshi --help` does without click, and `munshi get` loads no verb but its own."""
    for words, absent in ((["--help"], {"click"}), (["get", "exp"], {"munshi.cli.run"})):
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "munshi", *words],
            env={**os.environ, "MUNSHI_HOME": str(ledger.home.path)},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
        assert loaded.isdisjoint(absent)


LIMITS = {"--help": (["--help"], 8.0), "get": (["get", "trials"], 20.0)}


@pytest.mark.parametrize(("words", "limit"), LIMITS.values(), ids=LIMITS.keys())
def test_the_start_is_quick(ledger: Ledger, words: list[str], limit: float) -> None:
    """The overview takes less than 8 times, a listing less than 20 times what Python takes to do nothing."""
    env = {**os.environ, "MUNSHI_HOME": str(ledger.home.path)}
    nothing, ours = ["-c", "pass"], ["-m", "munshi", *words]
    ratio = float("inf")
    for _ in range(ATTEMPTS):
        # Side by side, the best of some: what else the machine does falls on both.
        taken = [(_effort(nothing, env), _effort(ours, env)) for _ in range(ROUNDS)]
        ratio = min(ratio, min(us for _, us in taken) / min(base for base, _ in taken))
        if ratio < limit:
            break
    assert ratio < limit


def _effort(arguments: list[str], env: dict[str, str]) -> float:
    """CPU seconds of a Python with these arguments."""
    with Path(os.devnull).open("wb") as nowhere:
        process = subprocess.Popen([sys.executable, *arguments], env=env, stdout=nowhere)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return used.ru_utime + used.ru_stime


def test_help_is_the_same_both_ways(capsys: pytest.CaptureFixture[str]) -> None:
    """The overview is one text, whichever way to it is taken, and names every verb."""
    shown = [(cli.main(words), capsys.readouterr().out) for words in (["--help"], ["-h"])]
    from munshi.cli import ending, group  # noqa: PLC0415

    shown.append((ending.of(group.munshi, ["--help"]), capsys.readouterr().out))
    assert shown == [(0, f"{verbs.overview()}\n")] * 3
    assert all(f"\n  {verb} " in shown[0][1] for verb in verbs.VERBS)


@pytest.mark.parametrize("columns", [20, 60, 80, 200])
def test_the_overview_fits_the_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines are as long as the terminal allows, within reason, and no word is lost."""
    monkeypatch.setenv("COLUMNS", str(columns))
    text = verbs.overview()
    assert max(map(len, text.splitlines())) <= max(min(columns, verbs.WIDEST) - 2, 50)
    assert all(" ".join(text.split()).count(verb.help) == 1 for verb in verbs.VERBS.values())
