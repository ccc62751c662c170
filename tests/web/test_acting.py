"""What is wanted in the browser happens: judged, begun, changed and ended, on a real home."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from munshi.api.experiment import Experiment
from munshi.api.trial import Trial
from support.real_home import RealHome
from support.web_world import Client

ONE = "/api/experiments/default/random"
PATIENCE_S = 120.0


def text(name: str = "begun", most: int = 2, algorithm: str = "random") -> str:
    """The YAML of an experiment whose trials print their parameter."""
    command = [
        sys.executable,
        "-c",
        "import sys; print('accuracy=' + sys.argv[1])",
        "${trialParameters.rate}",
    ]
    return f"""
apiVersion: kubeflow.org/v1beta1
kind: Experiment
metadata:
  name: {name}
spec:
  objective: {{type: maximize, objectiveMetricName: accuracy}}
  algorithm: {{algorithmName: {algorithm}}}
  parallelTrialCount: 1
  maxTrialCount: {most}
  resumePolicy: LongRunning
  parameters:
  - name: lr
    parameterType: double
    feasibleSpace: {{min: "0.01", max: "0.05"}}
  trialTemplate:
    primaryContainerName: main
    trialParameters:
    - {{name: rate, reference: lr}}
    trialSpec:
      apiVersion: batch/v1
      kind: Job
      spec:
        template:
          spec:
            restartPolicy: Never
            containers:
            - name: main
              image: any
              command: {json.dumps(command)}
"""


def until(what: Callable[[], Any], wanted: Callable[[Any], bool]) -> Any:
    """Ask until the answer is wanted."""
    end = time.monotonic() + PATIENCE_S
    while not wanted(found := what()):
        assert time.monotonic() < end, found
        time.sleep(0.05)
    return found


def test_faults_come_with_their_places(client: Client) -> None:
    """Every fault is told with path, line and column, and how to mend it; and nothing is begun."""
    wrong = text(algorithm="tpee").replace('min: "0.01"', 'min: "0.1"')
    verdict = client.post("/api/validate", {"yaml": wrong}).json
    found = {one["path"]: one for one in verdict["faults"]}
    assert set(found) == {"spec.algorithm.algorithmName", "spec.parameters[0].feasibleSpace.min"}
    fault = found["spec.algorithm.algorithmName"]
    line = wrong.split("\n")[fault["line"] - 1]
    assert line[fault["column"] - 1 :].startswith("tpee")
    assert "tpe" in fault["mend"]
    refused = client.post("/api/experiments", {"yaml": wrong})
    assert (refused.status, refused.json["error"]["faults"]) == (422, verdict["faults"])
    assert len(client.get("/api/experiments").json["items"]) == 1


@pytest.mark.parametrize(
    "broken", ["", "a: [", "kind: Experiment", "\0", "- 1\n---\n- 2", "🦊: " * 9]
)
def test_whatever_is_typed_gets_a_verdict(broken: str, client: Client) -> None:
    """Half a document has faults, and is never an error of ours."""
    answer = client.post("/api/validate", {"yaml": broken})
    assert answer.status == 200
    assert answer.json["faults"]


def test_a_right_experiment_is_understood(client: Client) -> None:
    """Without faults the verdict shows what was understood, defaults included."""
    verdict = client.post("/api/validate", {"yaml": text()}).json
    assert verdict["faults"] == []
    assert verdict["experiment"]["max_trials"] == 2


def test_a_trial_is_rendered_for_its_number(client: Client) -> None:
    """The job has the values in it; another number gives other values."""
    jobs = [
        client.post("/api/render", {"yaml": text(), "trial": number}).json["job"]
        for number in (0, 0, 1)
    ]
    assert "kind: Job" in jobs[0]
    assert "trialParameters" not in jobs[0]
    assert jobs[0] == jobs[1] != jobs[2]


UNFIT: dict[str, tuple[str, bytes]] = {
    "no JSON": ("/api/validate", b"yaml"),
    "another type": ("/api/validate", b'{"yaml": 1}'),
    "a field that is missing": ("/api/validate", b"{}"),
    "a depth that no parser likes": ("/api/validate", b"[" * 100_000),
    "a negative number": ("/api/render", b'{"yaml": "", "trial": -1}'),
    "no budget": (f"{ONE}/restart", b""),
}


@pytest.mark.parametrize("case", UNFIT)
def test_an_unfit_request_is_a_sentence(case: str, client: Client) -> None:
    """What is no request of this API is answered with 422 and the reason."""
    path, body = UNFIT[case]
    answer = client.ask("POST", path, client.program, body)
    assert answer.status == 422
    assert answer.json["error"]["message"]


def test_what_is_begun_runs_to_its_end_and_further(client: Client, home: RealHome) -> None:
    """Submitted, followed, restarted with a larger budget: each time somebody drives it to its end."""
    answer = client.post("/api/experiments", {"yaml": text()})
    assert (answer.status, answer.json) == (201, {"namespace": "default", "name": "begun"})
    one = "/api/experiments/default/begun"
    found = until(lambda: client.get(one).json, lambda row: row["type"] == "Succeeded")
    assert found["counts"]["succeeded"] == 2
    assert client.post("/api/experiments", {"yaml": text()}).status == 409
    trial = client.get(f"{one}/trials").json["name"][0]
    until(lambda: home.home.is_driven("default", "begun"), lambda driven: not driven)
    assert client.get(f"{one}/trials/{trial}/log").json["text"].startswith("accuracy=0.0")
    assert client.post(f"{one}/restart", {"max_trial_count": 2}).status == 422
    said = client.post(f"{one}/restart", {"max_trial_count": 3})
    assert "3 trials" in said.json["said"]
    more = until(lambda: client.get(one).json, lambda row: row["counts"]["succeeded"] == 3)
    assert more["max_trials"] == 3
    until(lambda: home.home.is_driven("default", "begun"), lambda driven: not driven)


def test_suspended_and_stopped(client: Client, home: RealHome) -> None:
    """The wish stands on the object with the user's reason, and a stop is carried out if nobody drives it."""
    assert client.post(f"{ONE}/suspend").json["said"].endswith("suspended")
    experiment = next(iter(home.ask(lambda store: store.list(Experiment))))
    assert "suspend" in home.notes(experiment)
    stopped = client.post(f"{ONE}/stop", {"reason": "enough"})
    assert stopped.json["said"].endswith("stopped")
    found = client.get(ONE).json
    assert (found["type"], "enough" in found["message"]) == ("Succeeded", True)
    again = client.post(f"{ONE}/suspend")
    assert again.status == 409
    assert "has ended" in again.json["error"]["message"]


def test_a_trial_is_stopped(client: Client) -> None:
    """One trial ends, its experiment does not."""
    assert client.post(f"{ONE}/trials/random-f/stop", {}).status == 200
    assert client.get(f"{ONE}/trials/random-f").json["type"] == "Killed"
    assert client.get(ONE).json["type"] == "Running"


def test_a_trial_with_a_result_is_not_retried(client: Client) -> None:
    """A wish that cannot come true is refused with the verb's own sentence."""
    answer = client.post(f"{ONE}/trials/random-a/retry")
    assert answer.status == 409
    assert "has a result" in answer.json["error"]["message"]


def test_a_trial_answers_under_its_own_experiment_only(client: Client, home: RealHome) -> None:
    """Under another experiment's address there is no such trial, and nothing happens to it."""
    assert client.post("/api/experiments/default/other/trials/random-f/stop").status == 404
    trials = home.ask(lambda store: store.list(Trial))
    assert not any("stop" in home.notes(one) for one in trials)


def test_deleted_is_gone(client: Client, home: RealHome) -> None:
    """With its trials and what they reported; a second time there is nothing to delete."""
    assert client.delete(ONE).status == 200
    assert client.get("/api/experiments").json["items"] == []
    assert home.ask(lambda store: store.list(Trial)) == []
    assert client.delete(ONE).status == 404


def test_a_driver_that_cannot_begin_is_no_success(
    client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """If the process that should drive it ends at once, its last words are the answer."""
    fake = tmp_path / "python"
    fake.write_text("#!/bin/sh\necho no memory for you >&2\nexit 3\n")
    fake.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(fake))
    answer = client.post("/api/experiments", {"yaml": text("doomed")})
    assert answer.status == 409
    assert "no memory for you" in answer.json["error"]["message"]
