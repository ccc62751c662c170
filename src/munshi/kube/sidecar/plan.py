"""What a sidecar is told: one JSON object on its command line, written while the pod is rendered."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

MODULE = "munshi.kube.sidecar"
PUSH_FOLDER = "/var/run/munshi"
"""Where a pod's programs report by a call: a volume that they share with the sidecar."""
PUSHED, COLLECTED, ANSWERED = "pushed.jsonl", "collected.jsonl", "katib.jsonl"
"""Files there: of the trial's program, of a Custom collector, of Katib's calls. One writer each, for they
may run as different users."""
READY = "ready"
"""A file there that says: Katib's calls are answered from now on."""
_OPTION = "--plan="


@dataclass(frozen=True, slots=True)
class Plan:
    """What one sidecar does.

    Attributes:
        trial: The trial's name, by which programs report.
        kind: The kind of collector, as in the Experiment.
        metrics: The requested names, the objective first.
        path: The file or folder that is read; PUSH_FOLDER for reports.
        root: The volume it lies in; below, no link is followed.
        filters: RE2 patterns for lines of text.
        file_format: `TEXT` or `JSON`.
        answers: Whether Katib's `report_metrics` is answered.
    """

    trial: str
    kind: str
    metrics: tuple[str, ...]
    path: str
    root: str
    filters: tuple[str, ...] = ()
    file_format: str = "TEXT"
    answers: bool = False

    def arguments(self) -> list[str]:
        """As `args` of a container, where Kubernetes would expand `$(NAME)`."""
        said = json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))
        return [_OPTION + said.replace("$", "$$")]


def read(arguments: Sequence[str]) -> Plan:
    """The plan in a command line, as the program finds it.

    Raises:
        ValueError: There is none.
    """
    for argument in arguments:
        if argument.startswith(_OPTION):
            said = json.loads(argument.removeprefix(_OPTION))
            said["metrics"], said["filters"] = tuple(said["metrics"]), tuple(said["filters"])
            return Plan(**said)
    raise ValueError(
        f"{_OPTION}… is missing: {MODULE} is started by the operator, in a trial's pod"
    )
