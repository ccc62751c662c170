"""`munshi` as a process: what it loads, how it ends, what it never shows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from munshi import __version__
from munshi.cli import ending, group
from munshi.errors import (
    AlgorithmRefused,
    FieldFault,
    Invalid,
    LaunchRefused,
    Mark,
    MunshiError,
    NotFound,
    StoreBusy,
    TemplateBroken,
)


def munshi(
    *words: str, home: Path, flags: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run `python -m munshi` on a home of its own."""
    environment = {**os.environ, "MUNSHI_HOME": str(home), "PYTHONUTF8": "1"}
    command = [sys.executable, *flags, "-m", "munshi", *words]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    """`munshi --help` names every verb without loading the database, the models or the arithmetic."""
    shown = munshi("--help", home=tmp_path, flags=("-X", "importtime"))
    loaded = {line.rpartition("|")[2].strip() for line in shown.stderr.splitlines()}
    assert shown.returncode == 0
    assert loaded.isdisjoint({"sqlalchemy", "pydantic", "numpy", "rich", "yaml"})
    assert all(f"  {verb} " in shown.stdout for verb in group.VERBS)


def test_version(tmp_path: Path) -> None:
    """`munshi version` and `munshi --version` say the same."""
    said = [munshi(word, home=tmp_path).stdout for word in ("version", "--version")]
    assert said == [f"munshi {__version__}\n"] * 2


def test_a_misspelt_verb_is_usage(tmp_path: Path) -> None:
    """An unknown verb ends with 2 and the nearest one."""
    shown = munshi("validte", home=tmp_path)
    assert shown.returncode == 2
    assert 'did you mean "validate"?' in shown.stderr
    assert "here it is munshi run" in munshi("apply", "-f", "x.yaml", home=tmp_path).stderr


def raising(error: BaseException) -> click.Command:
    """A command that ends with this error."""

    @click.command()
    def command() -> None:
        raise error

    return command


CODES: dict[str, tuple[BaseException, int]] = {
    "a file must be mended": (Invalid([FieldFault(("spec",), "wrong")]), 2),
    "a template is broken": (TemplateBroken("wrong"), 2),
    "an algorithm refuses": (AlgorithmRefused("no"), 2),
    "a job cannot run here": (LaunchRefused("no"), 2),
    "there is no such object": (NotFound("none"), 4),
    "the database is busy": (StoreBusy("busy"), 1),
    "anything else on purpose": (MunshiError("no"), 1),
    "somebody pressed Ctrl-C": (KeyboardInterrupt(), 130),
    "the reader has gone": (ending.PipeClosed(), 141),
    "a verb chose its code": (click.exceptions.Exit(124), 124),
    "the usage is wrong": (click.UsageError("no"), 2),
}


@pytest.mark.parametrize(("error", "code"), CODES.values(), ids=CODES.keys())
def test_exit_codes(
    error: BaseException,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each ending has its exit code, nothing on stdout, and no traceback."""
    monkeypatch.setattr(ending, "_pipe_closed", lambda: ending.PIPE_CLOSED)
    assert ending.of(raising(error), []) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Traceback" not in shown.err


def test_each_fault_has_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Faults are printed as file:line:column, one a line, and nothing else."""
    faults = [
        FieldFault(("spec", "a"), "is wrong", "mend it", Mark(3, 5)),
        FieldFault(("spec", "b"), "is missing"),
    ]
    ending.of(raising(Invalid(faults, "x.yaml")), [])
    assert (
        capsys.readouterr().err
        == "x.yaml:3:5: spec.a: is wrong; mend it\nx.yaml: spec.b: is missing\n"
    )


def test_a_bug_is_confessed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error nobody foresaw is one sentence; its traceback is in a file that the sentence names."""
    monkeypatch.setenv("MUNSHI_HOME", str(tmp_path / "home"))
    assert ending.of(raising(ZeroDivisionError("부엉이")), []) == 1
    said = capsys.readouterr().err
    report = Path(said.split()[-1])
    assert said.count("\n") == 1
    assert "ZeroDivisionError" in said
    assert "Traceback" not in said
    assert "부엉이" in report.read_text(encoding="utf-8")


def test_a_closed_pipe_is_quiet(tmp_path: Path) -> None:
    """`munshi --help | true` prints no complaint."""
    reading, writing = os.pipe()
    os.close(reading)
    environment = {**os.environ, "MUNSHI_HOME": str(tmp_path)}
    shown = subprocess.run(
        [sys.executable, "-m", "munshi", "version"],
        env=environment,
        stdout=writing,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(writing)
    assert (shown.returncode, shown.stderr) == (141, b"")


@pytest.mark.parametrize("streams", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_a_closed_stream_is_nobody_listening(tmp_path: Path, streams: str) -> None:
    """`munshi … >&-` does its work and ends well; no file of munshi's is taken for the stream."""
    shown = subprocess.run(
        ["sh", "-c", f'"$0" -m munshi get experiments {streams}', sys.executable],
        env={**os.environ, "MUNSHI_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert shown.returncode == 0, shown.stderr
    assert "bug" not in shown.stderr
    assert not list(tmp_path.rglob("crash-*"))


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_an_output_that_is_full_is_named(tmp_path: Path, unbuffered: str) -> None:
    """A disk that is full behind stdout: exit code 1 and a sentence that says which file it is."""
    with Path("/dev/full").open("wb") as full:
        shown = subprocess.run(
            [sys.executable, "-m", "munshi", "version"],
            env={**os.environ, "MUNSHI_HOME": str(tmp_path), "PYTHONUNBUFFERED": unbuffered},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    said = "munshi: the output (/dev/full) cannot be written: No space left on device\n"
    assert (shown.returncode, shown.stderr) == (1, said)


def test_a_home_that_is_a_file_is_refused(tmp_path: Path) -> None:
    """A glance and a look say the same as whoever writes: it is no folder; nothing is "not found"."""
    file = tmp_path / "file"
    file.write_text("mine")
    for home in (file, file / "below"):
        for words in (["get", "experiments"], ["best", "e"], ["gc", "--dry-run"]):
            shown = munshi(*words, home=home)
            assert shown.returncode in (1, 2)
            assert str(file) in shown.stderr
            assert "MUNSHI_HOME" in shown.stderr
    assert file.read_text() == "mine"
