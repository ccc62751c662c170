"""The reader against a TensorFlow that writes now."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from munshi.metrics import timestamp
from munshi.metrics.tfevent import EventScanner

SCRIPT = Path(__file__).parent / "data" / "make_event_files.py"


@pytest.mark.tensorflow
def test_reads_what_tensorflow_writes_today(tmp_path: Path) -> None:
    """Files written by the installed TensorFlow are read as its own reader reads them."""
    done = subprocess.run(
        [sys.executable, SCRIPT, tmp_path], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    expected = json.loads((tmp_path / "expected.json").read_text())
    assert len(expected) == 6
    for file, values in expected.items():
        scanner = EventScanner(lambda tag: [(0, tag)], 1)
        logs = scanner.scan((tmp_path / file).read_bytes(), 0, file)
        assert [[log.metric, log.step, log.time_ns, repr(float(log.value))] for log in logs] == [
            [tag, step, timestamp.from_seconds(at), value] for tag, step, at, value in values
        ]
