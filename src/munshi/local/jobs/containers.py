"""One container: what it runs, with which arguments, variables, folders and limits.

Called for the primary container and for each init container of a pod. Where the real image runs
(`Surroundings.images`), a missing `command` is the image's own ENTRYPOINT; for plain processes nobody
knows that, so it is a fault with its mend.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from munshi.local.jobs.downward import PodFacts
from munshi.local.jobs.environment import read_environment
from munshi.local.jobs.expansion import expand_at
from munshi.local.jobs.fields import Field, shown
from munshi.local.jobs.model import ContainerRun, Limits, Surroundings
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


def read_container(
    container: Field,
    pod_spec: Field,
    facts: PodFacts,
    here: Surroundings,
    added_env: Mapping[str, str],
    default_env: Mapping[str, str],
    notes: list[str],
) -> ContainerRun:
    """Read one container in full; faults go to its `Faults`.

    Args:
        container: The container.
        pod_spec: The pod's spec, for `volumes`.
        facts: Of its pod.
        here: What it may refer to.
        added_env: Variables that win over its own.
        default_env: Variables that give way to its own.
        notes: Where to say what is different here.
    """
    env = read_environment(container, facts, here, added_env, default_env)
    name = container.at("name").text()
    command, args = _words(container, env, here)
    read = ContainerRun(
        name=name,
        image=_image(container, here),
        command=command,
        args=args,
        env=tuple(env.items()),
        working_dir=_working_dir(container, here),
        mounts=read_mounts(container, pod_spec, env, facts, here),
        limits=_limits(container, notes),
    )
    _look_at_fields(container)
    if container.at("lifecycle").value:
        notes.append(f'lifecycle hooks of container "{name}" do not run on this machine')
    return read


def _image(container: Field, here: Surroundings) -> str:
    image = container.at("image")
    return image.required_text("name the image to run") if here.images else image.text()


def _words(
    container: Field, env: Mapping[str, str], here: Surroundings
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Command and arguments, expanded."""
    command, args = container.at("command"), container.at("args")
    written, arguments = command.texts(), args.texts()
    if not written and isinstance(command.value, list | None) and not here.images:
        beside = ": its args need a program" if arguments else ""
        command.fault(
            f"is {'empty' if command.value == [] else 'missing'}{beside}",
            "write command: in the container (the image's ENTRYPOINT is not known here)",
        )
    program = _expanded(command, written, env)
    if written and not program[0] and isinstance(command.items()[0].value, str):
        command.items()[0].fault(
            f"{shown(written[0])} names no program", "write the program's name"
        )
    return program, _expanded(args, arguments, env)


def _expanded(field: Field, words: tuple[str, ...], env: Mapping[str, str]) -> tuple[str, ...]:
    pairs = zip(field.items(), words, strict=True)
    return tuple(expand_at(place, word, env) for place, word in pairs)


def _working_dir(container: Field, here: Surroundings) -> str | None:
    wish = container.at("workingDir")
    path = wish.text()
    if path and not path.startswith("/"):
        default = "in the image's own folder" if here.images else "where munshi was started"
        wish.fault(
            f"{shown(path)} is not absolute",
            f"write the full path, or leave workingDir out to work {default}",
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


def _look_at_fields(container: Field) -> None:
    """A misspelt field would be dropped in silence; say so instead."""
    for key in container.entries():
        if key not in _READ_HERE and key not in _ELSEWHERE:
            near = difflib.get_close_matches(key, _READ_HERE, n=1, cutoff=0.75)
            if near:
                container.at(key).fault(
                    "is not a field of a container", f'did you mean "{near[0]}"?'
                )
