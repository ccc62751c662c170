"""From a pod template to the one program that runs on this machine.

Every kind holds pod templates, and all of them mean the same; so each kind's adapter finds its
template and comes here. The primary container is read in full; companions are left out with a note,
and init containers are refused until they can be run. What only matters on a cluster (image pulls,
node choice, security contexts, probes) is passed over in silence.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from munshi.local.jobs.downward import PodFacts
from munshi.local.jobs.environment import read_environment
from munshi.local.jobs.expansion import expand_at
from munshi.local.jobs.fields import INT32_MAX, Field, guess, shown
from munshi.local.jobs.model import ContainerRun, Limits, Run, Surroundings
from munshi.local.jobs.quantities import read_quantity, whole_up
from munshi.local.jobs.volumes import read_mounts

_READ_HERE = (
    "args", "command", "env", "envFrom", "image", "name", "resources", "volumeMounts", "workingDir",
)  # fmt: skip
_ELSEWHERE = {
    "imagePullPolicy", "lifecycle", "livenessProbe", "ports", "readinessProbe", "resizePolicy",
    "restartPolicy", "restartPolicyRules", "securityContext", "startupProbe", "stdin", "stdinOnce",
    "terminationMessagePath", "terminationMessagePolicy", "tty", "volumeDevices",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PodReading:
    """What a kind's adapter knows before its pod is read.

    Attributes:
        template: A mapping with `metadata` and `spec`.
        facts: Answers to what the program may ask about its pod.
        primary: Name of the primary container; "" means the first one.
        restart: Where the kind keeps its restart policy.
        policies: Which restart policies can end.
        without_policy: What Kubernetes does to a job that names none; "" if that is harmless.
        deadline: Of the whole job, if it has one.
        added_env: What the kind's operator appends to every container.
    """

    template: Field
    facts: PodFacts
    primary: str
    restart: Field
    policies: tuple[str, ...] = ("Never", "OnFailure")
    without_policy: str = ""
    deadline: timedelta | None = None
    added_env: Mapping[str, str] = field(default_factory=dict)


def read_pod(kind: str, pod: PodReading, here: Surroundings) -> Run | None:
    """Read one pod as a `Run` of one container.

    Faults go to the template's `Faults`. `None` when there is no primary container to read (then
    with a fault).
    """
    spec = pod.template.at("spec")
    notes: list[str] = []
    chosen = _primary(spec, pod.primary, notes)
    _look_at_inits(spec, notes)
    if chosen is None:
        return None
    own_deadline = seconds(spec.at("activeDeadlineSeconds"), least=1)
    deadlines = [limit for limit in (pod.deadline, own_deadline) if limit is not None]
    env = read_environment(chosen, pod.facts, here, pod.added_env)
    container = ContainerRun(
        name=chosen.at("name").text(),
        image=chosen.at("image").text(),
        argv=_argv(chosen, env),
        env=tuple(env.items()),
        working_dir=_working_dir(chosen),
        mounts=read_mounts(chosen, spec, env, pod.facts, here),
        limits=_limits(chosen, notes),
        active_deadline=min(deadlines, default=None),
        termination_grace=seconds(spec.at("terminationGracePeriodSeconds")),
    )
    _look_at_fields(chosen)
    if chosen.at("lifecycle").value:
        notes.append(f'lifecycle hooks of container "{container.name}" do not run on this machine')
    return Run(kind, (container,), notes=(*notes, *_restart_notes(pod)))


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


def _look_at_inits(spec: Field, notes: list[str]) -> None:
    for init in spec.at("initContainers").items():
        name = shown(init.at("name").text())
        if init.at("restartPolicy").text() == "Always":  # a native sidecar: it only accompanies
            notes.append(f"sidecar {name} is left out on this machine")
        else:
            init.fault(
                f"init container {name} cannot run on this machine yet",
                "move its work into the command, or run the Experiment on Kubernetes",
            )


def _look_at_fields(container: Field) -> None:
    """A misspelt field would be dropped in silence; say so instead."""
    for key in container.entries():
        if key not in _READ_HERE and key not in _ELSEWHERE:
            near = difflib.get_close_matches(key, _READ_HERE, n=1, cutoff=0.75)
            if near:
                container.at(key).fault(
                    "is not a field of a container", f'did you mean "{near[0]}"?'
                )


def _argv(container: Field, env: Mapping[str, str]) -> tuple[str, ...]:
    command, args = container.at("command"), container.at("args")
    written = command.texts()
    arguments = args.texts()
    if not written and isinstance(command.value, list | None):
        beside = ": its args need a program" if arguments else ""
        command.fault(
            f"is {'empty' if command.value == [] else 'missing'}{beside}",
            "write command: in the container (the image's ENTRYPOINT is not known here)",
        )
    places = [*command.items(), *args.items()]
    words = zip(places, (*written, *arguments), strict=True)
    argv = tuple(expand_at(place, word, env) for place, word in words)
    if written and not argv[0] and isinstance(places[0].value, str):
        places[0].fault(f"{shown(written[0])} names no program", "write the program's name")
    return argv


def _working_dir(container: Field) -> str | None:
    wish = container.at("workingDir")
    path = wish.text()
    if path and not path.startswith("/"):
        wish.fault(
            f"{shown(path)} is not absolute",
            "write the full path, or leave workingDir out to work where munshi was started",
        )
    return path or None


def _limits(container: Field, notes: list[str]) -> Limits:
    limits = container.at("resources", "limits")
    for name, amount in limits.entries().items():
        if "/" in name and read_quantity(amount):
            notes.append(
                f"{name}: {amount.value} is not enforced on this machine; "
                "the program sees the devices that are here"
            )
    memory, cpu = read_quantity(limits.at("memory")), read_quantity(limits.at("cpu"))
    return Limits(whole_up(memory) if memory else None, float(cpu) if cpu else None)


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
