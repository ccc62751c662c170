"""The variables a trial's program starts with, and the last words that are kept of it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from munshi.local import environment
from munshi.local.tail import last_lines


def test_the_trial_s_name_is_told() -> None:
    """KATIB_TRIAL_NAME is the trial's name, as Katib's own report_metrics wants it."""
    assert environment.variables({}, [], "random-x7")["KATIB_TRIAL_NAME"] == "random-x7"


def test_the_job_s_variables_win() -> None:
    """What the container sets replaces what the shell had."""
    env = environment.variables({"A": "shell", "B": "shell"}, [("A", "job")], "t")
    assert (env["A"], env["B"]) == ("job", "shell")


LOCALES = {
    "no locale at all": ({}, [], "C.UTF-8"),
    "a locale that knows no Korean": ({"LC_ALL": "C"}, [], "C.UTF-8"),
    "a UTF-8 locale of the user": ({"LC_ALL": "ko_KR.UTF-8"}, [], "ko_KR.UTF-8"),
    "a locale that the job sets": ({}, [("LC_ALL", "C")], "C"),
}


@pytest.mark.parametrize(("shell", "job", "expected"), LOCALES.values(), ids=LOCALES)
def test_programs_get_utf_8_unless_they_set_their_own(
    shell: dict[str, str], job: list[tuple[str, str]], expected: str
) -> None:
    """Korean text breaks no program: the locale is UTF-8 unless the job says otherwise."""
    assert environment.variables(shell, job, "t")["LC_ALL"] == expected


def test_a_language_that_is_utf_8_is_left_alone() -> None:
    """LANG alone is enough; LC_ALL is not forced on top."""
    assert "LC_ALL" not in environment.variables({"LANG": "ko_KR.utf8"}, [], "t")


def test_python_is_found_after_the_user_s_own() -> None:
    """Munshi's interpreter is the last resort on PATH, and a job's own PATH is kept."""
    env = environment.variables({"PATH": "/usr/bin"}, [], "t")
    assert env["PATH"] == f"/usr/bin:{Path(sys.executable).parent}"
    assert environment.variables({}, [("PATH", "/opt")], "t")["PATH"] == "/opt"


def test_last_words_are_safe_to_show(tmp_path: Path) -> None:
    """Colours are taken out, odd bytes shown escaped, Korean kept, blank lines left out."""
    log = tmp_path / "log"
    log.write_bytes("한글\n\n\x1b[31mred\x1b[0m\r50%\rdone\n".encode() + b"bad \xff byte\0\n")
    assert last_lines(log) == ("한글", "red", "50%", "done", "bad \\xff byte")


def test_only_the_end_of_a_long_log_is_read(tmp_path: Path) -> None:
    """Ten lines at most, whatever the size; a missing log has no last words."""
    log = tmp_path / "log"
    log.write_text("".join(f"line {number}\n" for number in range(100_000)))
    assert last_lines(log) == tuple(f"line {number}" for number in range(99_990, 100_000))
    assert last_lines(tmp_path / "none") == ()
