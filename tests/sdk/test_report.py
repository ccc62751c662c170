"""`munshi.report_metrics`: what a program of a trial says."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import munshi
from munshi.sdk import report


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a trial's reports."""
    path = tmp_path / "pushed.jsonl"
    monkeypatch.setenv("MUNSHI_METRICS_FILE", str(path))
    return path


def written(file: Path) -> list[dict[str, Any]]:
    """Every report, without its time."""
    records = [json.loads(line, parse_float=str) for line in file.read_text().splitlines()]
    return [{k: v for k, v in record.items() if k != "timestamp"} for record in records]


def run(code: str, **env: str) -> subprocess.CompletedProcess[str]:
    """A program of its own."""
    return subprocess.run(
        [sys.executable, "-c", code],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_one_call_is_one_line(file: Path) -> None:
    """Values and step stand in a JSON object, dated to the nanosecond; calls follow each other."""
    munshi.report_metrics({"accuracy": 0.93, "loss": 0.1}, step=7)
    munshi.report_metrics({"accuracy": 0.95})
    assert written(file) == [
        {"step": 7, "accuracy": "0.93", "loss": "0.1"},
        {"accuracy": "0.95"},
    ]
    stamps = [line.split(",")[0] for line in file.read_text().splitlines()]
    assert all(len(stamp.partition(".")[2]) == 9 for stamp in stamps)
    assert stamps == sorted(stamps)


NUMBERS: dict[str, tuple[Any, object]] = {
    "an integer keeps its digits": (2**60 + 1, 2**60 + 1),
    "not a number": (float("nan"), "nan"),
    "infinity": (-float("inf"), "-inf"),
    "text that is a number": (" 1e-3 ", "0.001"),
    "text with underscores": ("1_000", "1000.0"),
    "a truth": (True, "1.0"),
    "a fraction": (Fraction(1, 4), "0.25"),
    "a decimal": (Decimal("0.1"), "0.1"),
    "a NumPy float32, widened": (np.float32(0.1), "0.10000000149011612"),
    "a NumPy integer": (np.int64(3), "3.0"),
    "a NumPy array of no dimension": (np.array(0.5), "0.5"),
    "very small": (5e-324, "5e-324"),
}


@pytest.mark.parametrize(("value", "text"), NUMBERS.values(), ids=NUMBERS)
def test_what_converts_is_kept(file: Path, value: Any, text: object) -> None:
    """Whatever `float()` takes is reported, the same number."""
    munshi.report_metrics({"loss": value})
    assert written(file) == [{"loss": text}]


class Sulky:
    """Raises an error of its library's own when asked for a number."""

    def __float__(self) -> float:
        raise RuntimeError("a Tensor with 2 elements cannot be converted to Scalar")


FAULTS: dict[str, tuple[dict[Any, Any], Any, str]] = {
    "text": ({"loss": "low"}, None, r"\"loss\" is 'low', which is no number"),
    "nothing": ({"loss": None}, None, '"loss" is None'),
    "a list": ({"loss": [1]}, None, r'"loss" is \[1\]'),
    "too large for a float": ({"loss": 10**400}, None, '"loss" is 1000'),
    "a complex number": ({"loss": 1j}, None, '"loss" is 1j'),
    "what its own library refuses": ({"loss": Sulky()}, None, '"loss" is <'),
    "an array": ({"loss": np.zeros(2)}, None, '"loss" is array'),
    "a name that is no text": ({7: 1}, None, "7 is no name"),
    "an empty name": ({" ": 1}, None, "' ' is no name"),
    "a negative step": ({"loss": 1}, -1, "step is -1; give a whole number"),
    "half a step": ({"loss": 1}, 0.5, "step is 0.5; give a whole number"),
    "too large a step": ({"loss": 1}, 10**18, "step is 1000000000000000000; give"),
    "the time as a metric": ({"timestamp": 1}, None, "give the metric another name"),
    "a step and a metric of its name": ({"step": 1}, 1, "leave one out"),
}


@pytest.mark.parametrize(("metrics", "step", "said"), FAULTS.values(), ids=FAULTS)
def test_what_does_not_convert_is_refused(
    file: Path, metrics: dict[str, Any], step: Any, said: str
) -> None:
    """A value that is no number is an error that shows it, and nothing of the call is kept."""
    with pytest.raises(ValueError, match=said):
        munshi.report_metrics(metrics, step)
    assert not file.exists()


def test_all_faults_at_once(file: Path) -> None:
    """Every value that cannot be reported is named."""
    with pytest.raises(ValueError, match="metrics cannot") as fault:
        munshi.report_metrics({"a": "x", "b": 1, "c": "nothing", "d": "y" * 500}, step=-1)
    said = str(fault.value)
    assert all(name in said for name in ('"a"', '"c"', '"d"', "step"))
    assert '"b"' not in said
    assert len(said) < 400


def test_a_step_of_another_library_counts(file: Path) -> None:
    """NumPy's integers are whole numbers."""
    munshi.report_metrics({"loss": 1}, step=np.int32(3))
    assert written(file) == [{"step": 3, "loss": 1}]


def test_alone_it_says_so_once(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """A program outside of a trial runs on; it is told once, and faults are faults there too."""
    monkeypatch.delenv("MUNSHI_METRICS_FILE", raising=False)
    monkeypatch.setattr(report, "_said", False)
    for _ in range(3):
        munshi.report_metrics({"loss": 1})
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "MUNSHI_METRICS_FILE is not set" in said.err
    with pytest.raises(ValueError, match="no number"):
        munshi.report_metrics({"loss": "x"})


def test_alone_without_a_terminal() -> None:
    """Nobody to tell is no reason to fail."""
    for closed in ("sys.stderr.close()", "sys.stderr = None", "import os; os.close(2)"):
        done = run(
            f"import sys, munshi; {closed}; munshi.report_metrics({{'loss': 1}}); print('on')"
        )
        assert done.stdout == "on\n", done


def test_reports_survive_the_programs_end(tmp_path: Path) -> None:
    """What was reported before the program killed itself is there."""
    file = tmp_path / "pushed"
    code = (
        "import munshi, os, signal\n"
        "for at in range(100): munshi.report_metrics({'loss': at}, step=at)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert run(code, MUNSHI_METRICS_FILE=str(file)).returncode == -9
    assert [each["step"] for each in written(file)] == list(range(100))


def test_forked_children_report_too(tmp_path: Path) -> None:
    """Workers that were forked after the first report write to the same file."""
    file = tmp_path / "pushed"
    code = (
        "import munshi, os\n"
        "munshi.report_metrics({'loss': 0})\n"
        "for child in (1, 2):\n"
        "    if not os.fork():\n"
        "        munshi.report_metrics({'loss': child}); os._exit(0)\n"
        "os.wait(); os.wait()\n"
    )
    assert run(code, MUNSHI_METRICS_FILE=str(file)).returncode == 0
    assert sorted(each["loss"] for each in written(file)) == [0, 1, 2]


HEAVY = ("pydantic", "numpy", "sqlalchemy", "asyncio", "yaml", "grpc", "click", "rich", "re2")


def test_importing_munshi_loads_nothing() -> None:
    """A user's program pays for no more than the name; the call itself loads no library."""
    code = (
        "import sys; bare = set(sys.modules); import munshi; first = set(sys.modules) - bare\n"
        "munshi.report_metrics({'loss': 1})\n"
        f"print(sorted(first), sorted(set({HEAVY}) & set(sys.modules)))"
    )
    done = run(code)
    assert done.stdout.strip() == "['munshi'] []", done


def test_only_what_exists_can_be_asked_for() -> None:
    """Other names of the package fail as everywhere."""
    with pytest.raises(AttributeError, match="report_metric'"):
        munshi.report_metric  # type: ignore[attr-defined]  # noqa: B018  that it fails is the point
    from munshi import report_metrics  # noqa: PLC0415  the other way to ask

    assert report_metrics is report.report_metrics
