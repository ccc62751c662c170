"""What is remembered of pods that go."""

from __future__ import annotations

from datetime import UTC, datetime

from munshi.api.wire import Object
from munshi.kube.trials import fate
from munshi.kube.trials.jobs import PodWatch
from munshi.kube.trials.sightings import PodSighting, pod_of

NAME = ("team", "e-1")
LATER = datetime(2026, 11, 30, 10, 5, tzinfo=UTC)
RUNS: Object = {"running": {}}
KILLED: Object = {"terminated": {"exitCode": 137, "finishedAt": "2026-11-30T10:00:06Z"}}


def a_pod(phase: str, state: Object, deleted: str = "", grace: int = 0) -> PodSighting:
    """The trial's pod, perhaps being deleted: the moment at which it is to be gone, and the grace in it."""
    metadata: Object = {
        "namespace": "team",
        "name": "p",
        "uid": "u",
        "labels": {"trial": "e-1"},
    }
    if deleted:
        metadata |= {"deletionTimestamp": deleted, "deletionGracePeriodSeconds": grace}
    said: Object = {"name": "main", "state": state}
    return pod_of(
        {"metadata": metadata, "status": {"phase": phase, "containerStatuses": [said]}},
    )


def a_watch() -> PodWatch:
    """One that has begun to remember the trial's pods."""
    watch = PodWatch("trial", lambda _: None, lambda: LATER)
    watch.track(NAME)
    return watch


def test_who_asked_first_counts() -> None:
    """The node's own last word on a deleted pod does not make a program that was killed one that failed."""
    watch = a_watch()
    watch.hear(a_pod("Running", RUNS), gone=False)
    watch.hear(a_pod("Running", RUNS, "2026-11-30T10:00:06Z", grace=1), gone=False)
    last = a_pod("Failed", KILLED, "2026-11-30T10:00:08Z")  # no grace any more, and 3 s later
    watch.hear(last, gone=False)
    assert fate.taken(watch.of(NAME)) == "pod p was deleted while it ran"
    watch.hear(last, gone=True)
    assert fate.taken(watch.former(NAME)) == "pod p was deleted while it ran"


def test_a_failed_pod_that_is_tidied_away_has_failed() -> None:
    """Deleted after its program had ended badly, it is the trial's failure still."""
    watch = a_watch()
    watch.hear(a_pod("Failed", KILLED), gone=False)
    watch.hear(a_pod("Failed", KILLED, "2026-11-30T10:00:09Z"), gone=False)
    assert fate.taken(watch.of(NAME)) == ""
    watch.hear(a_pod("Failed", KILLED, "2026-11-30T10:00:09Z"), gone=True)
    assert fate.taken(watch.former(NAME)) == ""
