"""The kinds of the Kubeflow training operator: replica types, each with a count and a pod template.

TFJob, PyTorchJob, XGBoostJob and their like differ in the variables their programs find, in who leads
and in when the whole has succeeded. That is what a `ReplicaKind` says; the rest (counting replicas,
`runPolicy`, labels, pod names, conditions) is the same for all and lives here. All replicas run on
this one machine, so wherever the operator writes a service's name stands `localhost`, and a free port
for its fixed one. Source: Kubeflow training operator v1.9, `pkg/controller.v1`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, assert_never

from munshi.api.wire import Json
from munshi.errors import LaunchRefused
from munshi.local.jobs.downward import namespace_of, pod_facts
from munshi.local.jobs.fields import Field, guess, shown
from munshi.local.jobs.model import MOST_REPLICAS, Run, Surroundings
from munshi.local.jobs.pod_template import Pod, PodReading, read_pod, run_of, seconds
from munshi.local.jobs.status import Failed, Pending, Running, Stage, Succeeded, condition, written

LOCALHOST = "localhost"
_LABELS = "training.kubeflow.org"
_POLICIES = ("Never", "OnFailure", "ExitCode")


@dataclass(frozen=True, slots=True)
class Member:
    """One replica.

    Attributes:
        type: In the operator's spelling.
        index: Within the type.
        name: What it is called here, and the end of its pod's name: `worker-1`.
        spec: Of its type.
    """

    type: str
    index: int
    name: str
    spec: Field


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody who plays in a job.

    Attributes:
        job: The whole job.
        counts: Replica type to how many of it, in the kind's order of types; zeros are kept.
        members: The replicas that run, in the same order.
    """

    job: Field
    counts: Mapping[str, int]
    members: tuple[Member, ...]

    def first(self, *types: str) -> Member | None:
        """Replica 0 of the first of these types that has one."""
        for type_ in types:
            for member in self.members:
                if member.type == type_:
                    return member
        return None


Variables: TypeAlias = dict[str, str]


def _no_notes(_: Cast) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class ReplicaKind:
    """One kind of the family, and the adapter of the registry for it.

    Attributes:
        kind: E.g. `PyTorchJob`.
        field: Of `spec`, that holds the replicas by type.
        types: Replica types in the operator's spelling, leaders first.
        lone: The type to write when there shall be only one replica.
        container: The operator's custom for the name of the container that trains.
        lead: Who reports metrics. It may write faults, and returns `None` only after one.
        decides: Whether the job's success waits for this replica; asked with the leader at hand.
        variables: What the operator adds to a replica's environment, in its order.
        notes: What is different here.
        idle: Types that are counted but not started here.
        unnumbered: Types whose only replica has no index in its name.
        operator: What the operator calls itself on the pods' labels, if not by the usual custom.
        role: Its label's word for the leader.
        API_VERSION: Of the kind.
    """

    kind: str
    field: str
    types: tuple[str, ...]
    lone: str
    container: str
    lead: Callable[[Cast], Member | None]
    decides: Callable[[Cast, Member], bool]
    variables: Callable[[Cast, Member, Surroundings], Variables]
    notes: Callable[[Cast], tuple[str, ...]] = _no_notes
    idle: tuple[str, ...] = ()
    unnumbered: tuple[str, ...] = ()
    operator: str = ""
    role: str = "master"
    API_VERSION: str = "kubeflow.org/v1"

    def read(self, job: Field, primary: str, here: Surroundings) -> Run | None:
        """Understand the job: one replica of the run for each of its replicas.

        Raises:
            LaunchRefused: It wants more replicas than one machine should be asked for.
        """
        cast = self.cast(job)
        lead = self.lead(cast)
        pods = [self._read_pod(cast, member, lead, primary, here) for member in cast.members]
        whole = [pod for pod in pods if pod is not None]
        if lead is None or len(whole) < len(pods):
            return None
        alone = len(cast.members) == 1
        replicas = [
            pod.as_replica("" if alone else member.name, decides=self.decides(cast, member))
            for member, pod in zip(cast.members, whole, strict=True)
        ]
        return run_of(
            self.kind,
            whole,
            replicas,
            primary=cast.members.index(lead),
            deadline=seconds(_policy(job, "activeDeadlineSeconds")),
            suspend=job.at("spec", "runPolicy", "suspend"),
            notes=self.notes(cast),
        )

    def status(self, job: Field, stage: Stage) -> dict[str, Json]:
        """What the training operator would write.

        The conditions pile up in order and the last one is the present state, which v1alpha3 relies
        on; at the end `Running` turns false. The reason of a failure is always the kind's own, e.g.
        `TFJobFailed`; the message tells more.
        """
        whose = f"{self.kind} {namespace_of(job)}/{job.at('metadata', 'name').text()}"
        cast = self.cast(job)
        match stage:
            case Pending():
                return {}
            case Running():
                return {
                    "startTime": written(stage.started),
                    "conditions": self._history(whose, stage.started, stage.started, running=True),
                    "replicaStatuses": _tally(cast, "active"),
                }
            case Succeeded():
                end = self._now("Succeeded", stage.ended, f"{whose} successfully completed.")
                history = self._history(whose, stage.started, stage.ended, running=False)
                return {
                    "startTime": written(stage.started),
                    "completionTime": written(stage.ended),
                    "conditions": [*history, end],
                    "replicaStatuses": _tally(cast, "succeeded"),
                }
            case Failed():
                why = stage.message.strip() or stage.reason
                end = self._now("Failed", stage.ended, f"{whose} has failed: {why}")
                failed = self._failed(cast, stage)
                if stage.started is None:
                    created = self._now("Created", stage.ended, f"{whose} is created.")
                    return {"conditions": [created, end], "replicaStatuses": failed}
                history = self._history(whose, stage.started, stage.ended, running=False)
                return {
                    "startTime": written(stage.started),
                    "completionTime": written(stage.ended),
                    "conditions": [*history, end],
                    "replicaStatuses": failed,
                }
            case _:
                assert_never(stage)

    def cast(self, job: Field) -> Cast:
        """Count the replicas; what is wrong with them becomes faults.

        Raises:
            LaunchRefused: Too many for one machine.
        """
        specs = job.at("spec", self.field)
        spelling = {type_.lower(): type_ for type_ in self.types}
        found: dict[str, Field] = {}
        for name, spec in specs.entries().items():
            type_ = spelling.get(name.lower())
            if type_ is None:
                known = guess(name, self.types)
                spec.fault(f"{shown(name)} is not a replica type of a {self.kind}", known)
            elif type_ in found:
                spec.fault(f"{type_} is written twice", "keep one of them")
            else:
                found[type_] = spec
        counts = {type_: _count(found[type_]) for type_ in self.types if type_ in found}
        started = {type_: count for type_, count in counts.items() if type_ not in self.idle}
        if sum(started.values()) > MOST_REPLICAS:
            most = max(started, key=lambda type_: started[type_])
            raise LaunchRefused(
                f"{self.kind} with {sum(started.values())} replicas cannot run on this machine; "
                f"lower spec.{self.field}.{most}.replicas ({MOST_REPLICAS} in all at most), "
                "or run it on Kubernetes"
            )
        if not found or not any(counts.values()):
            specs.fault(
                "asks for no replica",
                f"write a {self.lone} with replicas: 1 and a template",
            )
        members = [
            Member(type_, index, self._name(type_, index), found[type_])
            for type_, count in started.items()
            for index in range(count)
        ]
        return Cast(job, counts, tuple(members))

    def _read_pod(
        self, cast: Cast, member: Member, lead: Member | None, primary: str, here: Surroundings
    ) -> Pod | None:
        name = cast.job.at("metadata", "name").text()
        template = member.spec.at("template")
        labels = {
            f"{_LABELS}/job-name": name,
            f"{_LABELS}/operator-name": self.operator or f"{self.kind.lower()}-controller",
            f"{_LABELS}/replica-index": str(member.index),
            f"{_LABELS}/replica-type": member.type.lower(),
            **({f"{_LABELS}/job-role": self.role} if member == lead else {}),
        }
        pod_name = f"{name}-{member.name}" if name else ""
        reading = PodReading(
            template=template,
            facts=pod_facts(cast.job, template, pod_name, labels, here),
            primary=self._container_of(template, primary, strict=member == lead),
            restart=member.spec.at("restartPolicy"),
            policies=_POLICIES,
            added_env=self.variables(cast, member, here),
        )
        return read_pod(reading, here)

    def _container_of(self, template: Field, wanted: str, *, strict: bool) -> str:
        """Which container runs: the one the author names (a must for the leader), the usual, ""."""
        if wanted and strict:
            return wanted
        names = [one.at("name").text() for one in template.at("spec", "containers").items()]
        return next((name for name in (wanted, self.container) if name and name in names), "")

    def _name(self, type_: str, index: int) -> str:
        return type_.lower() if type_ in self.unnumbered else f"{type_.lower()}-{index}"

    def _failed(self, cast: Cast, stage: Failed) -> dict[str, Json]:
        named = [member for member in cast.members if member.name == stage.replica]
        who = named[0] if named else self.lead(cast)
        return {who.type: {"failed": 1}} if who else {}

    def _history(
        self, whose: str, started: datetime, changed: datetime, *, running: bool
    ) -> list[Json]:
        return [
            self._now("Created", started, f"{whose} is created."),
            self._now("Running", changed, f"{whose} is running.", true=running),
        ]

    def _now(
        self, type_: str, when: datetime, message: str, *, true: bool = True
    ) -> dict[str, Json]:
        reason = f"{self.kind}{type_}"
        return condition(type_, when, reason, message, probed_as="lastUpdateTime", true=true)


def leader_or_all(cast: Cast, member: Member) -> bool:
    """The usual rule of success: the master's where there is one, else every worker's."""
    return member.type == ("Master" if cast.first("Master") else "Worker")


def master_or_worker(cast: Cast) -> Member | None:
    """The usual leader: the master, else worker 0. More than one master is a fault."""
    if cast.counts.get("Master", 0) > 1:
        specs = next(member.spec for member in cast.members if member.type == "Master")
        specs.at("replicas").fault("there can be only one Master", "set it to 1")
    return cast.first("Master", "Worker")


def _count(spec: Field) -> int:
    count = spec.at("replicas").whole()
    return 1 if count is None else count


def _policy(job: Field, name: str) -> Field:
    """A field of `spec.runPolicy`; jobs of before 2021 keep it in `spec` itself."""
    new = job.at("spec", "runPolicy", name)
    return new if new.value is not None else job.at("spec", name)


def _tally(cast: Cast, outcome: str) -> dict[str, Json]:
    return {type_: {outcome: count} for type_, count in cast.counts.items() if count}
