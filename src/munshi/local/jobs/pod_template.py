"""From a pod template to the programs that run on this machine.

Every kind holds pod templates, and all of them mean the same; so each kind's adapter finds its
templates and comes here. The primary container and the init containers are read in full; companions
are left out with a note. What only matters on a cluster (image pulls, node choice, security contexts,
probes) is passed over in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from munshi.local.jobs.containers import read_container
from munshi.local.jobs.downward import PodFacts
from munshi.local.jobs.fields import INT32_MAX, Field, guess, shown
from munshi.local.jobs.model import ContainerRun, Replica, Run, Surroundings


@dataclass(frozen=True, slots=True)
class PodReading:
    """What a kind's adapter knows before its pod is read.

    Attributes:
        template: A mapping with `metadata` and `spec`.
        facts: Answers to what the program may ask about its pod.
        primary: Name of the container that runs; "" means the first one.
        restart: Where the kind keeps its restart policy.
        policies: Which restart policies can end.
        without_policy: What Kubernetes does to a job that names none; "" if that is harmless.
        added_env: What the kind's operator appends to the containers, not to init containers. It
            wins over the author's own, as the later of two equal names does.
        default_env: What the kind's controller gives to all containers that don't set it themselves.
    """

    template: Field
    facts: PodFacts
    primary: str
    restart: Field
    policies: tuple[str, ...] = ("Never", "OnFailure")
    without_policy: str = ""
    added_env: Mapping[str, str] = field(default_factory=dict)
    default_env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod template understood: the parts of a `Replica`, and what it says of the whole run."""

    container: ContainerRun
    inits: tuple[ContainerRun, ...]
    notes: tuple[str, ...]
    active_deadline: timedelta | None
    termination_grace: timedelta | None

    def as_replica(self, name: str = "", *, decides: bool = True) -> Replica:
        """One replica of the job, under this name."""
        return Replica(name, self.container, self.inits, decides)


def read_pod(pod: PodReading, here: Surroundings) -> Pod | None:
    """Read one pod.

    Faults go to the template's `Faults`. `None` when there is no primary container to read (then
    with a fault).
    """
    spec = pod.template.at("spec")
    notes: list[str] = []
    chosen = _primary(spec, pod.primary, notes)
    inits = _inits(spec, notes)
    if chosen is None:
        return None
    return Pod(
        container=read_container(
            chosen, spec, pod.facts, here, pod.added_env, pod.default_env, notes
        ),
        inits=tuple(
            read_container(init, spec, pod.facts, here, {}, pod.default_env, notes)
            for init in inits
        ),
        notes=(*notes, *_restart_notes(pod)),
        active_deadline=seconds(spec.at("activeDeadlineSeconds"), least=1),
        termination_grace=seconds(spec.at("terminationGracePeriodSeconds")),
    )


def run_of(
    kind: str,
    pods: Iterable[Pod],
    replicas: Iterable[Replica],
    *,
    primary: int = 0,
    deadline: timedelta | None = None,
    suspend: Field | None = None,
    notes: Iterable[str] = (),
) -> Run:
    """Put a run together from its pods.

    Args:
        kind: Of the job.
        pods: All of them, for deadlines, grace times and notes (equal ones are said once).
        replicas: What is made of the pods, in the same order.
        primary: Index of the replica whose metrics count.
        deadline: Of the whole job, if it has one.
        suspend: Where the kind keeps its `suspend`, if it has one. Such a job waits for a queue
            like Kueue; here nobody would release it, so it starts, with a note.
        notes: Of the kind.
    """
    pods = tuple(pods)
    said = [note for pod in pods for note in pod.notes] + list(notes)
    if suspend is not None and suspend.flag():
        said.append(
            "suspend: true is passed over on this machine: no queue would ever release the job"
        )
    deadlines = [deadline, *(pod.active_deadline for pod in pods)]
    graces = [pod.termination_grace for pod in pods]
    return Run(
        kind=kind,
        replicas=tuple(replicas),
        primary=primary,
        notes=tuple(dict.fromkeys(said)),
        active_deadline=min((limit for limit in deadlines if limit is not None), default=None),
        termination_grace=max((grace for grace in graces if grace is not None), default=None),
    )


def seconds(wish: Field, *, least: int = 0) -> timedelta | None:
    """A duration that is written as whole seconds; `None` when absent or wrong."""
    count = wish.whole(least=least, most=INT32_MAX)
    return None if count is None else timedelta(seconds=count)


def _primary(spec: Field, wanted: str, notes: list[str]) -> Field | None:
    """The container that runs; the others get a note each."""
    by_name: dict[str, Field] = {}
    containers = spec.at("containers")
    for container in containers.items():
        name = container.at("name").required_text("give the container a name")
        if name in by_name:
            container.at("name").fault(
                f"{shown(name)} is the name of another container too", "rename one"
            )
        by_name.setdefault(name, container)
    if not by_name:
        containers.fault("names no container", "write one with a name and a command")
        return None
    primary = wanted or next(iter(by_name))
    if primary not in by_name:
        containers.fault(
            f"no container is named {shown(primary)} (there are: {', '.join(by_name)})",
            "rename one, or name the right one in spec.trialTemplate.primaryContainerName",
        )
        return None
    notes += [
        f'container "{name}" is left out on this machine: only "{primary}" runs here'
        for name in by_name
        if name != primary
    ]
    return by_name[primary]


def _inits(spec: Field, notes: list[str]) -> list[Field]:
    """The init containers that run before; native sidecars get a note each."""
    found: dict[str, Field] = {}
    for init in spec.at("initContainers").items():
        name = init.at("name").required_text("give the init container a name")
        if init.at("restartPolicy").text() == "Always":  # a native sidecar: it only accompanies
            notes.append(f"sidecar {shown(name)} is left out on this machine")
        elif name in found:
            init.at("name").fault(
                f"{shown(name)} is the name of another init container too", "rename one"
            )
        else:
            found[name] = init
    return list(found.values())


def _restart_notes(pod: PodReading) -> list[str]:
    """Judge the restart policy; a forgotten one gets a note only: here it changes nothing."""
    policy = pod.restart.text()
    if policy == "Always":
        pod.restart.fault(
            '"Always" restarts the program even after success, so the trial would never end',
            "write Never or OnFailure",
        )
    elif policy and policy not in pod.policies:
        pod.restart.fault(f"{shown(policy)} is unknown", guess(policy, pod.policies))
    if policy or not pod.without_policy:
        return []
    note = "restartPolicy is missing: it counts as Never here, but Kubernetes"
    return [f"{note} {pod.without_policy}; write restartPolicy: Never"]
