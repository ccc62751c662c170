"""Opening a collector by its kind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from munshi import collectors
from munshi.errors import Invalid, LaunchRefused

REFUSED = {
    "a kind that does not exist": (
        {"kind": "Stdout"},
        '"Stdout" cannot be read here; use one of StdOut',
    ),
    "a format that does not exist": (
        {"kind": "File", "file_format": "XML"},
        '"XML" is unknown; use TEXT or JSON',
    ),
}


@pytest.mark.parametrize(("arguments", "said"), REFUSED.values(), ids=REFUSED)
def test_refuses_what_it_cannot_read(tmp_path: Path, arguments: dict[str, str], said: str) -> None:
    """An unknown kind or format is refused with what could be used instead."""
    kind, file_format = arguments["kind"], arguments.get("file_format", "TEXT")
    with pytest.raises(LaunchRefused, match=said):
        collectors.open_collector(kind, tmp_path / "x", ["loss"], file_format=file_format)


def test_a_page_is_not_a_file(tmp_path: Path) -> None:
    """Kind and place must go together."""
    page = collectors.Endpoint("http://127.0.0.1:1/metrics")
    for kind, path in (("PrometheusMetric", tmp_path), ("StdOut", page)):
        with pytest.raises(ValueError, match=f"a collector of kind {kind} reads"):
            collectors.open_collector(kind, path, ["loss"])


def test_filters_reach_the_scanner(tmp_path: Path) -> None:
    """Filters replace the default for text files; a bad one is told as the author's fault."""
    (tmp_path / "out").write_text("{metricName: loss, metricValue: 0.5}\nloss=3\n")
    pattern = r"{metricName: ([\w|-]+), metricValue: ((-?\d+)(\.\d+)?)}"
    collector = collectors.open_collector("File", tmp_path / "out", ["loss"], filters=[pattern])
    assert [log.value for log in collector.poll()] == ["0.5"]
    with pytest.raises(Invalid, match="metricsFormat"):
        collectors.open_collector("File", tmp_path / "out", ["loss"], filters=["("])


def test_standard_output_is_named_as_such(tmp_path: Path) -> None:
    """Origins of StdOut begin with stdout, those of File with file."""
    (tmp_path / "out").write_text("loss=3\n")
    for kind, source in (("StdOut", "stdout"), ("File", "file")):
        (log,) = collectors.open_collector(kind, tmp_path / "out", ["loss"]).poll()
        assert log.origin == f"{source}:0:0"


def test_filters_are_loaded_only_when_used() -> None:
    """Without filters the RE2 library is not even imported."""
    code = (
        "import sys, pathlib; from munshi import collectors;"
        "collectors.open_collector('StdOut', pathlib.Path('/tmp/none'), ['loss']).poll();"
        "sys.exit('re2' in sys.modules or 'numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], timeout=60, check=False)
    assert done.returncode == 0
