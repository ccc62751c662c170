"""The laptop's verbs on a real cluster: what they print of it, what they want of it, and who may."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.cluster import Cluster
from support.cluster_trials import with_trials
from support.command import Done
from support.experiments import an_experiment
from support.operators import replicas, until
from support.terminal import command

VARIABLES = ("KUBECONFIG", "MUNSHI_CONTEXT", "MUNSHI_KUBECONFIG")
Munshi = Callable[..., Done]


@pytest.fixture
def driven(namespace: Cluster, tmp_path: Path) -> Iterator[Cluster]:
    """A namespace of its own with an operator beside it, as a process of this machine."""
    with_trials(namespace)
    with replicas(namespace, tmp_path) as start:
        replica = start(18_931)
        until(replica.is_("leading"), 60, "an operator leads")
        yield namespace


def munshi_of(kubeconfig: Path, namespace: str, folder: Path) -> Munshi:
    """`munshi words… -n NAMESPACE` on the cluster of a kubeconfig, to its end."""

    def run(*words: str) -> Done:
        variables = {name: text for name, text in os.environ.items() if name not in VARIABLES}
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "munshi",
                *words,
                "-n",
                namespace,
                "--kubeconfig",
                str(kubeconfig),
            ],
            env={**variables, "MUNSHI_HOME": str(folder), "HOME": str(folder)},
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    return run


def test_what_came_of_an_experiment(driven: Cluster, tmp_path: Path) -> None:
    """Tables are kubectl's, the best is the status', logs and values are the pods', the story is told."""
    document = an_experiment(maxTrialCount=2)
    document["spec"]["trialTemplate"]["retain"] = True
    driven.apply(document)
    driven.wait("experiment/random", "condition=Succeeded")
    munshi = munshi_of(driven.kubeconfig, driven.namespace, tmp_path)
    for kind in ("experiments", "trials", "suggestions"):
        ours, theirs = munshi("get", kind).out.split(), driven.kubectl("get", kind).split()
        assert [word for word in ours if not word[:1].isdigit()] == [
            word for word in theirs if not word[:1].isdigit()
        ]
    ours = json.loads(munshi("get", "exp", "random", "-o", "json").out)
    assert ours == driven.get("experiment", "random")
    best = json.loads(munshi("best", "random", "-o", "json").out)
    assert best["trial"] == ours["status"]["currentOptimalTrial"]["bestTrialName"]
    rate = float(best["parameters"]["lr"])
    assert munshi("best", "random", "-o", "args").out.strip() == f"--lr={best['parameters']['lr']}"
    assert munshi("logs", best["trial"]).out == driven.logs(f"job/{best['trial']}")
    assert munshi("logs", best["trial"], "-f").out == driven.logs(f"job/{best['trial']}")
    assert munshi("logs", best["trial"], "--tail", "1").out.startswith("loss=")
    values = json.loads(munshi("metrics", best["trial"], "-o", "json").out)
    reached = round(1 - abs(rate - 0.03) * 10, 6)
    assert [float(each["value"]) for each in values][-1] == pytest.approx(reached, abs=1e-5)
    assert len(values) == 3
    assert len(munshi("export", "random").out.splitlines()) == 3
    assert f"Trial:     {best['trial']}" in munshi("describe", "exp", "random").out
    told = munshi("explain", "random")
    assert "2 trials are completed; maxTrialCount is 2" in told.out
    assert "operator's log" in told.err
    assert "Started container main" in munshi("explain", best["trial"]).out
    assert munshi("get", "trial", "randm-x").code == 4


def test_what_one_wants_is_done(driven: Cluster, tmp_path: Path) -> None:
    """A trial is followed, stopped and retried; an experiment suspended, resumed, stopped and deleted."""
    driven.apply(an_experiment("--pause=2", "--steps=100", parallelTrialCount=1))
    munshi = munshi_of(driven.kubeconfig, driven.namespace, tmp_path)
    flags = ("-n", driven.namespace, "--kubeconfig", str(driven.kubeconfig))
    with command("get", "trials", "-w", "--no-headers", *flags, home=tmp_path) as watch:
        watch.until(b"Running")
        name = watch.out.split()[0].decode()
        with command("logs", "-f", name, *flags, home=tmp_path) as log:
            log.until(b"epoch 2:")
            assert munshi("suspend", "random").out == "experiment.kubeflow.org/random suspended\n"
            assert munshi("stop", name, "--reason", "too slow").code == 0
            watch.until(b"Killed")
            assert log.end() == 0
        watch.interrupt()
        assert watch.end() == 130
    assert "TrialStopped: stopped by the user: too slow" in munshi("explain", name).out
    assert "its pods are gone" in munshi("logs", name).err
    assert munshi("retry", name).code == 0
    assert "Suspended" in munshi("get", "exp", "random").out
    assert munshi("resume", "random").code == 0
    until(lambda: "Running" in munshi("get", "trial", name).out, 60, "the trial runs again")
    assert munshi("stop", "random", "--reason", "enough").code == 0
    driven.wait("experiment/random", "condition=Failed")
    assert "enough" in munshi("explain", "random").out
    assert munshi("delete", "exp", "random").out == 'experiment.kubeflow.org "random" deleted\n'
    until(lambda: not driven.get("trials")["items"], 60, "its trials go with it")


def test_who_may_look_may_not_wish(namespace: Cluster, tmp_path: Path) -> None:
    """With a Role that only reads one namespace: what is read is read, what is not allowed is a sentence."""
    with_trials(namespace)
    namespace.kubectl("create", "serviceaccount", "onlooker")
    resources = "--resource=experiments.kubeflow.org,trials.kubeflow.org,suggestions.kubeflow.org"
    namespace.kubectl("create", "role", "look", "--verb=get,list,watch", resources)
    account = f"--serviceaccount={namespace.namespace}:onlooker"
    namespace.kubectl("create", "rolebinding", "look", "--role=look", account)
    namespace.apply(an_experiment())
    token = namespace.kubectl("create", "token", "onlooker").strip()
    document = json.loads(namespace.kubectl("config", "view", "--raw", "-o", "json"))
    document["users"] = [
        {"name": each["name"], "user": {"token": token}} for each in document["users"]
    ]
    path = tmp_path / "onlooker"
    path.write_text(json.dumps(document))
    munshi = munshi_of(path, namespace.namespace, tmp_path)
    assert munshi("get", "exp", "-o", "name").out == "experiment.kubeflow.org/random\n"
    assert 'did you mean "random"?' in munshi("get", "exp", "randon").err
    told = munshi("explain", "random")
    assert (told.code, "may not be read by you" in told.err) == (0, True)
    for words in (["get", "exp", "-A"], ["suspend", "random"], ["delete", "exp", "random"]):
        refused = munshi(*words)
        assert refused.code == 1
        assert "does not let us" in refused.err
