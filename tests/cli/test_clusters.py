"""The verbs on a cluster, beside a fake API server: they say what they say on a laptop."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from munshi.cli import home
from support.cli_world import NOW, a_trial, an_experiment, condition
from support.cluster_world import ClusterWorld, a_cluster, collection, kubeconfig, pod
from support.fake_api import answer, ended, said
from support.ledger import Ledger
from support.terminal import command

from .conftest import Munshi
from .test_completion import offered

FAILED = a_trial("random-f6", "Failed", message="It broke. Last output:\nTraceback\nValueError: 7")


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ClusterWorld]:
    """A cluster with nothing in it, and no home or kubeconfig of anybody's."""
    for variable in ("KUBECONFIG", "MUNSHI_CONTEXT", "MUNSHI_KUBECONFIG"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with a_cluster(tmp_path) as world:
        yield world


@pytest.fixture
def both(ledger: Ledger, cluster: ClusterWorld, monkeypatch: pytest.MonkeyPatch) -> ClusterWorld:
    """A home and a cluster that hold the same objects."""
    monkeypatch.setattr(home, "now", lambda: NOW)
    ledger.put(FAILED)
    with home.look() as stored:
        for kind in ("Experiment", "Suggestion", "Trial"):
            cluster.holds(*stored.list(kind))
    return cluster


def test_objects_look_the_same(both: ClusterWorld, munshi: Munshi) -> None:
    """Whatever is read off objects is printed alike, with the same exit code, here and there."""
    words: list[tuple[str, ...]] = [
        ("get", "exp"),
        ("get", "tr", "-o", "wide"),
        ("get", "exp,tr"),
        ("get", "all", "-A", "-o", "name"),
        ("get", "tr", "-e", "random", "--sort-by", ".metadata.name", "-o", "jsonpath={..name}"),
        ("get", "tr", "random-a1", "-o", "yaml"),
        ("get", "tr", "-l", "katib.kubeflow.org/experiment=random"),
        ("get", "tr", "-n", "nowhere"),
        ("get", "tr", "random-a2"),
        ("get", "pods"),
        ("describe", "exp", "random"),
        ("describe", "tr", "random-a1", "random-b2"),
        ("describe", "sug"),
        ("best", "random"),
        ("best", "random-a1"),
        ("export", "random"),
        ("export", "random", "-o", "json"),
        ("replay", "random"),
        ("replay", "nobody"),
        ("suspend", "nobody"),
        ("stop", "trial/random-a1"),
        ("delete", "trial", "nobody", "--ignore-not-found"),
    ]
    for each in words:
        here, there = munshi(*each), munshi(*each, *both.flags)
        version = {"resourceVersion"}
        assert _without(there.stdout, version) == _without(here.stdout, version), each
        assert there.exit_code == here.exit_code, each
        told = (there.stderr or str(there.exception)).replace(" ".join(("", *both.flags)), "")
        assert told == (here.stderr or str(here.exception)), each


def _without(text: str, words: set[str]) -> str:
    return "\n".join(
        line for line in text.splitlines() if not words & set(line.split(":")[0].split())
    )


def test_what_a_failed_trial_said_is_read_off_its_end(
    cluster: ClusterWorld, munshi: Munshi
) -> None:
    """The last lines that the operator quoted stand where a laptop shows the log's."""
    cluster.holds(an_experiment("random").dump(), FAILED.dump())
    told = munshi("describe", "tr", "random-f6", *cluster.flags).stdout
    assert told.endswith("Last lines of its log:\n  | Traceback\n  | ValueError: 7\n")
    assert "| ValueError: 7" in munshi("describe", "exp", "random", *cluster.flags).stdout


def test_documents_are_as_kubectl_prints_them(cluster: ClusterWorld, munshi: Munshi) -> None:
    """With kind and version, which lists of the server may leave out, and without managed fields."""
    document = an_experiment("random").dump()
    document["metadata"]["managedFields"] = [{"manager": "kubectl"}]
    cluster.holds(document)
    stored = cluster.server.objects._stored[collection("Experiment"), "default", "random"]
    del stored["apiVersion"]
    listed = json.loads(munshi("get", "exp", "-o", "json", *cluster.flags).stdout)
    assert [(one["apiVersion"], one["kind"]) for one in listed["items"]] == [
        ("kubeflow.org/v1beta1", "Experiment")
    ]
    assert "managedFields" not in listed["items"][0]["metadata"]


def test_the_namespace_is_the_contexts(
    cluster: ClusterWorld, munshi: Munshi, tmp_path: Path
) -> None:
    """Without -n; with it, hints say it again, together with the context."""
    cluster.holds(a_trial("far-1", namespace="far").dump())
    far = str(kubeconfig(tmp_path / "far", cluster.server.port, "far"))
    assert (
        munshi("get", "tr", "-o", "name", "--kubeconfig", far).stdout
        == "trial.kubeflow.org/far-1\n"
    )
    assert "No resources found in far" in munshi("get", "exp", "--kubeconfig", far).stderr
    missed = munshi("get", "exp", "far-1", "-n", "far", *cluster.flags).stderr
    assert f"munshi get trial far-1 -n far {' '.join(cluster.flags)}" in missed


PLACES: dict[str, tuple[list[str], dict[str, str]]] = {
    "a context": (["get", "tr", "--context", "dev"], {"KUBECONFIG": "{}"}),
    "the current one": (["get", "tr", "--context", "."], {"KUBECONFIG": "{}"}),
    "before the verb": (["--context", "dev", "--kubeconfig", "{}", "get", "tr"], {}),
    "a file": (["get", "tr", "--kubeconfig", "{}"], {}),
    "variables": (["get", "tr"], {"MUNSHI_CONTEXT": "dev", "MUNSHI_KUBECONFIG": "{}"}),
}


@pytest.mark.parametrize(("words", "variables"), PLACES.values(), ids=PLACES)
def test_ways_to_mean_a_cluster(
    cluster: ClusterWorld,
    munshi: Munshi,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    variables: dict[str, str],
) -> None:
    """By a context, by a file, before or behind the verb, or by variables; an empty one takes that back."""
    cluster.holds(a_trial("there-1").dump())
    monkeypatch.setenv("MUNSHI_HOME", str(cluster.kubeconfig.parent / "home"))
    for variable, text in variables.items():
        monkeypatch.setenv(variable, text.format(cluster.kubeconfig))
    said_ = [word.format(cluster.kubeconfig) for word in words]
    assert "there-1" in munshi(*said_).stdout
    assert "No resources" in munshi("get", "tr", "--context", "").stderr


TROUBLES: dict[str, tuple[list[str], int, str]] = {
    "no such context": (["--context", "prod"], 1, 'no context "prod"; it has: dev'),
    "nobody there": (["--kubeconfig", "{away}"], 1, "the API server did not answer"),
    "no kubeconfig": (["--kubeconfig", "/nowhere/at/all"], 1, "no cluster is known"),
}


@pytest.mark.parametrize(("words", "code", "told"), TROUBLES.values(), ids=TROUBLES)
@pytest.mark.parametrize("verb", ["get exp", "describe exp", "stop e", "logs t"])
def test_no_cluster_is_a_sentence(
    cluster: ClusterWorld, tmp_path: Path, words: list[str], code: int, told: str, verb: str
) -> None:
    """Exit code 1 and what to do, of every way in, and never a traceback."""
    away = kubeconfig(tmp_path / "away", 1)
    said_ = [word.format(away=away) for word in words]
    variables = {"KUBECONFIG": str(cluster.kubeconfig)}
    with command(*verb.split(), *said_, home=tmp_path, env=variables) as munshi:
        assert munshi.end() == code
        assert munshi.process.stderr is not None
        err = munshi.process.stderr.read().decode()
    assert told in err
    assert "Traceback" not in err


REFUSALS = {
    "forbidden": (answer(403, "Forbidden", "trials is forbidden"), "does not let us list"),
    "kinds that are not there": (
        answer(404, "NotFound", "no such resource"),
        "install munshi there",
    ),
}


@pytest.mark.parametrize(("fault", "told"), REFUSALS.values(), ids=REFUSALS)
def test_refusals_are_sentences(
    cluster: ClusterWorld, munshi: Munshi, fault: Any, told: str
) -> None:
    """A missing right and a missing CRD are told, by lists, watches, names and typed reading alike."""
    cluster.server.always("list", fault)
    for words in (["get", "tr"], ["get", "tr", "-w"], ["get", "tr", "x"], ["describe", "tr"]):
        result = munshi(*words, *cluster.flags)
        assert told in str(result.exception), words
    assert "-n nowhere" not in str(munshi("delete", "exp", "x", *cluster.flags).exception)


WITHOUT = (
    "import sys; sys.modules['lightkube'] = None; from munshi import cli; sys.exit(cli.main())"
)


def test_the_extra_is_named(cluster: ClusterWorld) -> None:
    """Where it is not installed, exit code 1 and the exact line that installs it."""
    words = [sys.executable, "-c", WITHOUT, "get", "trials", *cluster.flags]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.endswith("is not installed: pip install 'munshi[kubernetes]'\n")


def test_verbs_of_this_machine_say_so(munshi: Munshi) -> None:
    """`run` and `gc` know no cluster; the sentence says what does."""
    for words in (["run", "x.yaml", "--context=dev"], ["--context", "dev", "run", "x.yaml"]):
        result = munshi(*words)
        assert (result.exit_code, "kubectl apply" in result.stderr) == (2, True)
    assert "this machine only" in munshi("gc", "--context", "dev").stderr


def test_wishes_are_annotations(cluster: ClusterWorld, munshi: Munshi) -> None:
    """Written by a patch of nothing else, of the object as it was read; twice says so and writes nothing."""
    cluster.holds(an_experiment("random").dump(), FAILED.dump())
    assert munshi("suspend", "random", *cluster.flags).stdout.endswith("/random suspended\n")
    assert "already suspended" in munshi("suspend", "random", *cluster.flags).stdout
    told = munshi("stop", "random", "--reason", "enough", *cluster.flags)
    assert (told.stdout, told.stderr) == ("experiment.kubeflow.org/random stopped\n", "")
    notes = cluster.get("Experiment", "random")["metadata"]["annotations"]
    assert notes == {"munshi/suspend": "", "munshi/stop": "enough"}
    told = munshi("resume", "random", *cluster.flags)
    assert (told.stdout, told.stderr) == ("experiment.kubeflow.org/random resumed\n", "")
    assert not cluster.get("Experiment", "random")["metadata"]["annotations"]
    assert munshi("retry", "--failed", "random", *cluster.flags).exit_code == 0
    assert cluster.get("Trial", "random-f6")["metadata"]["annotations"] == {"munshi/retry": "0"}
    patches = [each for each in cluster.server.asked if each.verb == "patch"]
    assert len(patches) == 4
    assert all(
        each.body["metadata"].keys() == {"annotations", "resourceVersion"} for each in patches
    )


def test_a_wish_is_written_though_the_object_changes(cluster: ClusterWorld, munshi: Munshi) -> None:
    """A conflict is decided anew from the object as it is then."""
    cluster.holds(an_experiment("random").dump())
    cluster.server.next("patch", answer(409, "Conflict"))
    assert munshi("suspend", "random", *cluster.flags).exit_code == 0
    assert "munshi/suspend" in cluster.get("Experiment", "random")["metadata"]["annotations"]


def test_deleting(cluster: ClusterWorld, munshi: Munshi) -> None:
    """The object that was seen is deleted, no other of its name; the rest is the cluster's to do."""
    cluster.holds(an_experiment("random").dump())
    result = munshi("delete", "exp", "random", "randon", *cluster.flags)
    assert result.stdout == 'experiment.kubeflow.org "random" deleted\n'
    assert (result.exit_code, "randon" in result.stderr) == (4, True)
    [sent] = [each for each in cluster.server.asked if each.verb == "delete"]
    assert sent.body["preconditions"] == {"uid": "uid-random"}
    assert sent.body["propagationPolicy"] == "Background"


def test_a_watch_is_the_servers(cluster: ClusterWorld, tmp_path: Path) -> None:
    """The table, then a row for each change, deletions too, though the watch breaks off; 130 by Ctrl-C."""
    cluster.holds(a_trial("random-a1", "Running").dump(), a_trial("other", namespace="far").dump())
    cluster.server.next("watch", ended)
    with command("get", "tr", "-w", *cluster.flags, home=tmp_path) as munshi:
        munshi.until(b"random-a1   Running")
        cluster.holds(a_trial("random-b2", "Succeeded").dump())
        munshi.until(b"random-b2   Succeeded")
        cluster.run(cluster.server.objects.delete(collection("Trial"), "default", "random-a1", {}))
        munshi.until(b"random-a1   Running", times=2)
        munshi.interrupt()
        assert munshi.end() == 130
    assert b"other" not in munshi.out


@pytest.mark.parametrize("words", [["get", "exp", "-w"], ["get", "tr", "nope", "-w"]])
def test_a_watch_of_what_cannot_be_ends(
    cluster: ClusterWorld, munshi: Munshi, words: list[str]
) -> None:
    """Where the kind is not served, or the name is not there, nothing is waited for."""
    if "exp" in words:
        cluster.server.always("list", answer(404, "NotFound"))
    assert munshi(*words, *cluster.flags).exit_code != 0


def a_story(message: str = "no room", **more: Any) -> dict[str, Any]:
    """A Kubernetes Event about a pod of random-f6, some seconds after the trial was made."""
    about = {"kind": "Pod", "name": "random-f6-x", "namespace": "default", "uid": "p"}
    time = {"firstTimestamp": "2026-01-31T11:58:30Z"}
    return {
        "involvedObject": about,
        "type": "Warning",
        "message": message,
        "count": 3,
        **time,
        **more,
    }


def test_explain_tells_what_the_cluster_tells(cluster: ClusterWorld, munshi: Munshi) -> None:
    """Conditions and Events in the order of time, each thing once; and that the operator knows more."""
    cluster.holds(
        an_experiment("random", condition("Failed", reason="ExperimentFailed")).dump(),
        FAILED.dump(),
    )
    own = {"kind": "Trial", "name": "random-f6", "uid": "uid-random-f6"}
    cluster.happened(
        a_story(reason="FailedScheduling"),
        a_story(involvedObject=own, reason="JobFailed", firstTimestamp="2026-01-31T11:59:02Z"),
        a_story(involvedObject={**own, "name": "else", "uid": "u"}, reason="Elsewhere"),
    )
    told = munshi("explain", "random-f6", *cluster.flags)
    lines = told.stdout.splitlines()
    assert f"Log: munshi logs random-f6 {' '.join(cluster.flags)}" in lines
    rows = lines[lines.index("Since 2026-01-31T11:58:30Z:") + 2 : -1]
    assert [row.split()[:4] for row in rows] == [
        ["+0.0s", "pod/random-f6-x", "!", "FailedScheduling"],
        ["+30s", "trial/random-f6", "!", "TrialFailed"],
    ]
    assert rows[0].endswith("no room (x3)")
    assert "operator's log" in told.stderr
    whole = munshi("explain", "random", "-o", "json", *cluster.flags)
    reasons = [(each["name"], each["reason"]) for each in json.loads(whole.stdout)]
    assert reasons == [("random", "ExperimentFailed"), ("random-f6", "TrialFailed")]


def test_explain_without_the_right_to_read_events(cluster: ClusterWorld, munshi: Munshi) -> None:
    """What the objects say is told, and that it is not all."""
    cluster.holds(FAILED.dump())
    cluster.server.next("list", _passes, answer(403, "Forbidden"))
    told = munshi("explain", "random-f6", *cluster.flags)
    assert "TrialFailed" in told.stdout
    assert "may not be read by you" in told.stderr


async def _passes(_: Any) -> bool:
    """No fault."""
    return False


def test_logs(cluster: ClusterWorld, munshi: Munshi) -> None:
    """The primary container's bytes, or their tail; another pod by its name; what is not there is told."""
    running = a_trial("random-b2", "Running").dump()
    running["spec"]["primaryContainerName"] = "main"
    running["spec"]["primaryPodLabels"] = {"role": "chief"}
    chief = pod("random-b2")
    chief["metadata"]["labels"]["role"] = "chief"
    cluster.holds(running, chief, pod("random-b2", "random-b2-worker-1"))
    cluster.printed("random-b2-x", b"lr\xff=1\nno end")
    cluster.printed("random-b2-worker-1", b"I help\n")
    assert (
        munshi("logs", "random-b2", "--tail", "5", *cluster.flags).stdout_bytes
        == b"lr\xff=1\nno end"
    )
    assert cluster.server.asked[-1].query == {"container": "main", "tailLines": "5"}
    assert munshi("logs", "random-b2", "-c", "worker-1", *cluster.flags).stdout == "I help\n"
    missed = munshi("logs", "random-b2", "-c", "nope", *cluster.flags)
    assert "there are: main, random-b2-worker-1" in str(missed.exception)
    assert "no attempt before" in str(munshi("logs", "-p", "random-b2", *cluster.flags).exception)
    chief["status"]["containerStatuses"][0]["restartCount"] = 1
    cluster.holds(chief)
    assert munshi("logs", "-p", "random-b2", *cluster.flags).exit_code == 0
    assert cluster.server.asked[-1].query == {"container": "main", "previous": "true"}


def test_logs_that_are_not_there(cluster: ClusterWorld, munshi: Munshi) -> None:
    """Not yet, or not any more; the latter with how to keep them."""
    cluster.holds(a_trial("random-c3").dump(), a_trial("random-a1", "Succeeded").dump())
    assert "no output yet" in str(munshi("logs", "random-c3", *cluster.flags).exception)
    for words in (["logs"], ["logs", "-f"], ["metrics"]):
        gone = str(munshi(*words, "random-a1", *cluster.flags).exception)
        assert "trialTemplate.retain: true" in gone
    cluster.holds(pod("random-c3"))
    cluster.server.next("log", answer(400, "BadRequest", "container is waiting to start"))
    waits = str(munshi("logs", "random-c3", *cluster.flags).exception)
    assert "has no output yet" in waits


def test_logs_are_followed_though_they_break_off(cluster: ClusterWorld, tmp_path: Path) -> None:
    """Every line once, without the times that it was asked for with; until the trial has ended."""
    running = a_trial("random-b2", "Running").dump()
    running["spec"]["primaryContainerName"] = "main"
    cluster.holds(running)
    lines = [f"2026-01-31T12:00:0{at}.000000000Z line {at}\n".encode() for at in range(5)]
    with command("logs", "-f", "random-b2", *cluster.flags, home=tmp_path) as munshi:
        cluster.server.next("log", said(*lines[:2], lines[2][:35]), said(*lines[1:4]))
        cluster.holds(pod("random-b2"))
        cluster.printed("random-b2-x", lines[3] + lines[4].rstrip())
        munshi.until(b"line 3\n")
        done = [{"name": "main", "restartCount": 0, "state": {"terminated": {"exitCode": 0}}}]
        cluster.holds(pod("random-b2", phase="Succeeded", containerStatuses=done))
        cluster.holds(a_trial("random-b2", "Succeeded").dump())
        assert munshi.end() == 0
    assert munshi.out == b"line 0\nline 1\nline 2\nline 3\nline 4"


def test_metrics_are_read_from_the_log(cluster: ClusterWorld, munshi: Munshi) -> None:
    """The values of the objective, dated by their lines, in the laptop's forms."""
    running = a_trial("random-b2", "Running").dump()
    running["spec"]["primaryContainerName"] = "main"
    cluster.holds(running, pod("random-b2"))
    cluster.printed(
        "random-b2-x",
        b"2026-01-31T12:00:00.5Z accuracy=0.5 loss=1\n2026-01-31T12:00:01Z accuracy=0.75",
    )
    shown = munshi("metrics", "random-b2", "-o", "csv", *cluster.flags).stdout.splitlines()
    assert shown[1:] == [
        "2026-01-31T12:00:00.5Z,accuracy,0.5,",
        "2026-01-31T12:00:01Z,accuracy,0.75,",
    ]
    none = munshi("metrics", "random-b2", "--metric", "loss", *cluster.flags)
    assert f"munshi logs random-b2 {' '.join(cluster.flags)}" in none.stderr


def test_tab_asks_the_cluster(
    cluster: ClusterWorld, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Contexts, and names that are there; nothing, and no word, where nobody answers."""
    cluster.holds(a_trial("there-1").dump())
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))
    assert offered("munshi get tr --context d", capsys, monkeypatch) == ["dev"]
    assert offered("munshi get tr --context dev th", capsys, monkeypatch) == ["there-1"]
    assert offered("munshi get tr --context prod th", capsys, monkeypatch) == []
