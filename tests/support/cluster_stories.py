"""Small Experiments on the real cluster, what came of them, and what was seen of their jobs."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from journeys.stories import experiment
from munshi.api.meta import INDEX_ANNOTATION
from support.cluster import Cluster
from support.cluster_trials import BUSYBOX


def small(*script: str, name: str = "story", **more: Any) -> dict[str, Any]:
    """An Experiment of shell scripts, in the smallest image; a Job tries once. See `journeys.stories`."""
    document = experiment(
        *script,
        container={"image": BUSYBOX, "imagePullPolicy": "IfNotPresent"},
        pod={"terminationGracePeriodSeconds": 1},
        **more,
    )
    document["metadata"]["name"] = name
    document["spec"]["trialTemplate"]["trialSpec"]["spec"]["backoffLimit"] = 0
    return document


def result(found: dict[str, Any], trials: list[dict[str, Any]]) -> dict[str, Any]:
    """What came of an Experiment, without names and times."""
    name = found["metadata"]["name"]
    own = [each for each in trials if each["metadata"]["ownerReferences"][0]["name"] == name]
    own.sort(key=lambda trial: int(trial["metadata"]["annotations"][INDEX_ANNOTATION]))
    best = found["status"]["currentOptimalTrial"]
    names = [trial["metadata"]["name"] for trial in own]
    return {
        "order": [trial["spec"]["parameterAssignments"] for trial in own],
        "scores": [trial["status"]["observation"]["metrics"] for trial in own],
        "best": names.index(best["bestTrialName"]),
        "best assignments": best["parameterAssignments"],
        "best score": best["observation"]["metrics"],
    }


class Jobs:
    """What a bystander saw of the jobs of a namespace, in the order in which it came to be."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @property
    def events(self) -> list[tuple[str, dict[str, Any]]]:
        """What happened, and to which job as it then was."""
        text, at, found = self._file.read_text("utf-8"), 0, []
        decoder = json.JSONDecoder()
        while at < len(text.rstrip()):
            try:
                event, at = decoder.raw_decode(text, at + (text[at] == "\n"))
            except json.JSONDecodeError:  # it is being written
                break
            found.append((event["type"], event["object"]))
        return found

    @property
    def made(self) -> dict[str, list[str]]:
        """The uids of the jobs of each name."""
        uids: dict[str, list[str]] = defaultdict(list)
        for kind, job in self.events:
            if kind == "ADDED":
                uids[job["metadata"]["name"]].append(job["metadata"]["uid"])
        return dict(uids)

    @property
    def most_at_once(self) -> int:
        """Of how many trials there were unfinished jobs at one moment."""
        active, most = set[str](), 0
        for kind, job in self.events:
            ended = {"Complete", "Failed"} & {
                one["type"]
                for one in job.get("status", {}).get("conditions", ())
                if one["status"] == "True"
            }
            over = kind == "DELETED" or ended or "deletionTimestamp" in job["metadata"]
            (active.discard if over else active.add)(job["metadata"]["name"])
            most = max(most, len(active))
        return most


@contextmanager
def watched(cluster: Cluster, folder: Path) -> Iterator[Jobs]:
    """Watch the jobs of the namespace from the side."""
    file = folder / "jobs.json"
    words = ("get", "jobs", "--watch", "--output-watch-events", "-o", "json")
    watch = cluster.start_kubectl(*words, out=file)
    try:
        yield Jobs(file)
    finally:
        watch.kill()
        watch.wait()


def trials(cluster: Cluster, name: str = "story") -> list[dict[str, Any]]:
    """The Trials of an Experiment."""
    words = ("trials", "-l", f"katib.kubeflow.org/experiment={name}")
    found: list[dict[str, Any]] = cluster.get(*words)["items"]
    return found


def active(cluster: Cluster, count: int) -> Callable[[], bool]:
    """Whether so many pods run."""
    words = ("get", "pods", "--field-selector=status.phase=Running", "-o", "name")
    return lambda: len(cluster.kubectl(*words).split()) >= count
