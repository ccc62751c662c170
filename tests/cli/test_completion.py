"""Completion: what stands at the cursor, asked as a shell asks, and in a real bash."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from munshi import cli
from munshi.cli import completion, verbs
from support.cli_world import an_experiment, condition
from support.ledger import Ledger

from .conftest import Munshi


def offered(
    line: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """What is offered for the last word of a line, as bash asks for it."""
    monkeypatch.setenv(completion.VARIABLE, "bash_complete")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
    assert cli.main([]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    return [answer.partition(",")[2] for answer in shown.out.splitlines() if answer]


LINES = {
    "every verb": ("munshi ", list(verbs.VERBS)),
    "a verb": ("munshi des", ["describe"]),
    "an option": ("munshi get tr --wat", ["--watch", "--watch-only"]),
    "a kind": ("munshi get ", ["experiments", "trials", "suggestions"]),
    "the beginning of a kind": ("munshi get exp", ["experiments"]),
    "names of a kind": ("munshi get tr random-", ["random-a1", "random-b2"]),
    "names that are not there yet": ("munshi describe tr random-a1 ", ["random-b2"]),
    "names with their kind": ("munshi get trial/", ["trial/random-a1", "trial/random-b2"]),
    "names of an unknown kind": ("munshi get pods ", []),
    "names in a namespace": ("munshi get exp -n kubeflow ", ["tpe"]),
    "a namespace": ("munshi get exp -n ku", ["kubeflow"]),
    "experiments": ("munshi best ", ["random"]),
    "trials of logs": ("munshi logs random-b", ["random-b2"]),
    "trials of metrics": ("munshi metrics random-b", ["random-b2"]),
    "objects to delete": ("munshi delete exp r", ["random"]),
    "a form": (
        "munshi get tr -o custom",
        ["custom-columns=", "custom-columns-file="],
    ),
    "a shell": ("munshi completion z", ["zsh"]),
}


@pytest.mark.parametrize(("line", "expected"), LINES.values(), ids=LINES.keys())
def test_words_are_offered(
    ledger: Ledger,
    line: str,
    expected: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Verbs, options, kinds, names and namespaces that are there are offered for the word at the cursor."""
    ledger.put(an_experiment("tpe", condition("Running"), namespace="kubeflow"))
    assert offered(line, capsys, monkeypatch) == expected


def test_trouble_is_silent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a database that cannot be read nothing is offered, and nothing said across the prompt."""
    monkeypatch.setenv("MUNSHI_HOME", str(tmp_path))
    (tmp_path / "munshi.db").write_text("no database, and quite a bit too long to be an empty one")
    assert offered("munshi get tr ", capsys, monkeypatch) == []


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_scripts(munshi: Munshi, shell: str) -> None:
    """Each shell has its script, which names the variable by which munshi is asked."""
    shown = munshi("completion", shell)
    assert shown.exit_code == 0
    assert f"{completion.VARIABLE}={shell}_complete" in shown.stdout
    assert "_munshi_completion" in shown.stdout


def test_a_shell_that_is_not_known(munshi: Munshi) -> None:
    """Another shell is refused with those that are known."""
    shown = munshi("completion", "csh")
    assert shown.exit_code == 2
    assert "bash" in shown.stderr


BASH = """
{script}
complete -p munshi
COMP_WORDS=(munshi get tr random-a)
COMP_CWORD=3
_munshi_completion munshi random-a tr
echo "offered: ${{COMPREPLY[*]}}"
"""


def test_a_real_bash_completes(ledger: Ledger, munshi: Munshi, tmp_path: Path) -> None:
    """Bash takes the script, registers it for munshi, and Tab offers the name of the trial."""
    bash = shutil.which("bash")
    assert bash, "this test needs bash"
    command = tmp_path / "munshi"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m munshi "$@"\n')
    command.chmod(0o755)
    done = subprocess.run(
        [bash, "--norc", "-c", BASH.format(script=munshi("completion", "bash").stdout)],
        env={
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
            "MUNSHI_HOME": str(ledger.home.path),
            "HOME": str(tmp_path),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    registered, offer = done.stdout.splitlines()
    assert registered.endswith(" munshi")
    assert offer == "offered: random-a1"
