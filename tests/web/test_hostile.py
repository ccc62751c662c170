"""Text that would do harm is sent as the text it is: the pages show it, and nothing else happens to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from munshi.api.common import Metric, Observation, ParameterAssignment
from munshi.api.trial import Trial
from munshi.metrics.log import MetricLog
from support.cli_world import NOW, a_trial, an_experiment, condition
from support.real_home import RealHome
from support.web_world import Client, served

ONE = "/api/experiments/default/random"
TEXTS = {
    "a script": "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "what ends a JSON string": '"}],"x":[{"\\',
    "bidi marks": "abc\u202eevil\u2066\u200f",
    "control characters": "a\x1b[31m\x07\r\nb",
    "line separators": "a\u2028b\u2029c",
    "as much as an object can hold": "x" * 150_000,
    "Korean and emoji": "학습률 🦊",
}


@pytest.fixture(scope="module", params=TEXTS)
def furnished(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Client, str]]:
    """A server of a home where every text that a program or author may choose is the hostile one."""
    text = TEXTS[request.param]
    path = tmp_path_factory.mktemp("hostile")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MUNSHI_HOME", str(path))
        home = RealHome(path)
        _fill(home, text)
        with served(home) as client:
            yield client, text


def _fill(home: RealHome, text: str) -> None:
    owner = home.holds(an_experiment("random", condition("Running", reason=text, message=text)))
    trial = a_trial("t", "Failed", lr=text, message=text)
    given = (*trial.spec.parameter_assignments, ParameterAssignment(name=text, value=text))
    seen = Observation(metrics=(Metric(name=text, min=text, max="nan", latest="1e999"),))
    spec = trial.spec.model_copy(update={"parameter_assignments": given})
    status = trial.status.model_copy(update={"observation": seen})
    kept = home.owned(trial.model_copy(update={"spec": spec, "status": status}), owner)
    home.ask(lambda store: store.append(kept, [MetricLog(text, "0.5", 0)], NOW))
    _print(home, kept, text)


def _print(home: RealHome, trial: Trial, text: str) -> Path:
    log = home.home.trial_folder(trial) / "log"
    log.parent.mkdir(parents=True)
    log.write_bytes(b"\0" + text.encode())
    return log


def test_rows_and_pages_have_the_text_itself(furnished: tuple[Client, str]) -> None:
    """Tables have it cut to 500 characters, pages whole; and as JSON, so no browser takes it for a page."""
    client, text = furnished
    (row,) = client.get("/api/experiments").json["items"]
    assert row["message"] == text or (len(row["message"]), row["message"][:499]) == (
        500,
        text[:499],
    )
    detail = client.get(ONE)
    assert detail.json["message"] == text
    assert detail.headers["content-type"] == "application/json"
    assert detail.headers["x-content-type-options"] == "nosniff"


def test_trials_have_the_text_itself(furnished: tuple[Client, str]) -> None:
    """Names of parameters and metrics are keys, values are text; no number is made of what is none."""
    client, text = furnished
    columns = client.get(f"{ONE}/trials").json
    assert text in columns["parameters"]
    assert columns["observed"][text] == {"latest": [None], "min": [None], "max": [None]}
    trial = client.get(f"{ONE}/trials/t").json
    assert trial["assignments"][text] == text
    assert trial["observation"][text] == {"latest": None, "min": None, "max": None}


def test_series_and_logs_have_the_text_itself(furnished: tuple[Client, str]) -> None:
    """A metric of any name has its values; a log's bytes are text, NUL included, at most 256 KiB a part."""
    client, text = furnished
    assert client.get(f"{ONE}/trials/t/metrics").json["metrics"][text]["points"][0][2] == 0.5
    read, at = "", 0
    while True:
        part = client.get(f"{ONE}/trials/t/log?from={at}").json
        read, at = read + part["text"], part["to"]
        assert part["to"] - part["from"] <= 256 << 10
        if part["ended"]:
            break
    assert read == "\0" + text
