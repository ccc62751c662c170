"""Which Experiments reach the engine, and what the others say of themselves: in memory, in simulated time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

from munshi.admission import Served
from munshi.api import conditions
from munshi.api.experiment import ConfigMapSource, Experiment, TrialTemplate
from munshi.api.meta import ConfigMap, ObjectMeta, Resource
from munshi.api.trial import Trial
from munshi.engine.ports import Change
from munshi.errors import FieldFault, Retryable
from munshi.kube.operator import refusal
from munshi.kube.operator.gate import Gate, no_faults
from munshi.testing.builders import FAILURE, NOW, SUCCESS, a_template, a_trial, an_experiment
from munshi.testing.clock import SimulatedClock, simulated
from munshi.testing.memory import MemoryEvents, MemoryStore

TEMPLATE = """
apiVersion: batch/v1
kind: Job
spec:
  template:
    spec:
      containers:
      - name: main
        command: [train, "--lr=${trialParameters.rate}"]
"""


@dataclass
class Scene:
    """A cluster, and a gate that somebody listens at."""

    store: MemoryStore
    events: MemoryEvents
    gate: Gate
    released: list[Resource] = field(default_factory=list)
    seen: list[Change] = field(default_factory=list)

    async def add(self, resource: Resource) -> Resource:
        """As by `kubectl apply`."""
        return await self.store.create(resource)

    async def edit(self, name: str, change: Callable[[Experiment], Experiment]) -> Experiment:
        """As by `kubectl edit`."""
        now = await self.store.get(Experiment, "default", name)
        return await self.store.replace(change(now))

    async def held(self, name: str = "e") -> Experiment:
        """The Experiment as everybody sees it."""
        return await self.store.get(Experiment, "default", name)

    def passed(self) -> list[str]:
        """Which Experiments came through, in order."""
        return [
            change.resource.name
            for change in self.seen
            if isinstance(change.resource, Experiment) and not change.gone
        ]

    async def reasons(self, uid: str) -> list[str]:
        """What was told of an Experiment."""
        return [event.reason for event in await self.events.events(uid)]


@asynccontextmanager
async def scene(
    faults: Callable[[Experiment], list[FieldFault]] = lambda _: [],
    served_faults: Callable[[Experiment], Awaitable[Sequence[FieldFault]]] = no_faults,
) -> AsyncIterator[Scene]:
    """An empty cluster with its gate open."""
    clock, uids = SimulatedClock(), count()
    events = MemoryEvents()
    store = MemoryStore(clock.now, lambda: f"uid-{next(uids)}")
    released: list[Resource] = []

    async def release(resource: Resource) -> None:
        released.append(resource)

    gate = Gate(
        store,
        events,
        clock,
        release=release,
        cluster_faults=faults,
        served=Served(("mine",)),
        served_faults=served_faults,
    )
    it = Scene(store, events, gate, released)

    async def listen() -> None:
        async for change in gate.watch(0):
            it.seen.append(change)

    listening = asyncio.create_task(listen())
    await asyncio.sleep(1)
    try:
        yield it
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await gate.close()


def invalid(name: str = "e") -> Experiment:
    """An Experiment with two faults."""
    one = an_experiment(name, algorithm="tpee")
    spec = one.spec.model_copy(update={"max_failed_trial_count": -1})
    return one.model_copy(update={"spec": spec})


def mended(one: Experiment) -> Experiment:
    """The same without its faults."""
    right = an_experiment(one.name).spec
    return one.model_copy(update={"spec": right})


def from_config_map(name: str = "e") -> Experiment:
    """An Experiment whose template is in the ConfigMap `templates`."""
    source = ConfigMapSource(
        config_map_name="templates", config_map_namespace="default", template_path="job.yaml"
    )
    template = TrialTemplate(
        config_map=source,
        trial_parameters=a_template().trial_parameters,
        primary_container_name="main",
        success_condition=SUCCESS,
        failure_condition=FAILURE,
    )
    return an_experiment(name, template=template)


def templates() -> ConfigMap:
    """The ConfigMap."""
    metadata = ObjectMeta(name="templates", namespace="default")
    return ConfigMap(
        api_version="v1", kind="ConfigMap", metadata=metadata, data={"job.yaml": TEMPLATE}
    )


def ended(one: Experiment, reason: str) -> Experiment:
    """The Experiment with a status that says Succeeded."""
    said = conditions.put((), "Succeeded", true=True, reason=reason, message="", now=NOW)
    status = one.status.model_copy(update={"conditions": said})
    return one.model_copy(update={"status": status})


def leaving(one: Experiment) -> Experiment:
    """The Experiment with the mark of a deletion that waits for a finalizer."""
    changed = {"deletion_timestamp": NOW, "finalizers": ("update-prometheus-metrics",)}
    return one.model_copy(update={"metadata": one.metadata.model_copy(update=changed)})


def test_a_good_one_passes_with_its_defaults() -> None:
    """The engine sees parallelTrialCount 3; what is stored stays as the author wrote it."""

    async def story() -> None:
        async with scene() as it:
            one = an_experiment()
            bare = one.spec.model_copy(update={"parallel_trial_count": None})
            await it.add(one.model_copy(update={"spec": bare}))
            await asyncio.sleep(1)
            [change] = it.seen
            assert isinstance(change.resource, Experiment)
            assert change.resource.spec.parallel_trial_count == 3
            assert (await it.held()).spec.parallel_trial_count is None
            [listed] = await it.gate.list(Experiment)
            assert listed.spec.parallel_trial_count == 3
            written = await it.gate.replace_status(ended(listed, "ExperimentGoalReached"))
            assert written.spec.parallel_trial_count == 3
            assert (await it.held()).spec.parallel_trial_count is None

    simulated(story())


def test_an_invalid_one_says_all_its_faults() -> None:
    """Failed, ExperimentInvalid, each fault on a line, one event; and the engine never hears of it."""

    async def story() -> None:
        async with scene() as it:
            one = await it.add(invalid())
            await asyncio.sleep(60)
            assert it.seen == []
            assert list(await it.gate.list(Experiment)) == []
            last = (await it.held()).status.conditions[-1]
            assert (last.type, last.status, last.reason) == ("Failed", "True", "ExperimentInvalid")
            lines = last.message.splitlines()
            assert len(lines) == 2
            assert "spec.maxFailedTrialCount" in last.message
            assert 'did you mean "tpe"?' in last.message
            assert await it.reasons(one.uid) == ["ExperimentInvalid"]

    simulated(story())


def test_a_mended_one_is_judged_again() -> None:
    """After an edit the refusal is taken back, and the Experiment goes its way."""

    async def story() -> None:
        async with scene() as it:
            await it.add(invalid())
            await asyncio.sleep(5)
            await it.edit("e", mended)
            await asyncio.sleep(5)
            assert set(it.passed()) == {"e"}
            assert (await it.held()).status.conditions == ()
            assert (await it.held()).status.completion_time is None

    simulated(story())


def test_a_label_on_a_refused_one_changes_nothing() -> None:
    """Only a new generation is judged again: nobody is told twice."""

    async def story() -> None:
        async with scene() as it:
            one = await it.add(invalid())
            await asyncio.sleep(5)

            def labelled(now: Experiment) -> Experiment:
                metadata = now.metadata.model_copy(update={"labels": {"a": "b"}})
                return now.model_copy(update={"metadata": metadata})

            await it.edit("e", labelled)
            await asyncio.sleep(60)
            assert await it.reasons(one.uid) == ["ExperimentInvalid"]
            assert it.seen == []

    simulated(story())


def test_the_next_leader_refuses_in_silence() -> None:
    """Another replica judges anew, comes to the same end, and has nothing to add."""

    async def story() -> None:
        async with scene() as it:
            one = await it.add(invalid())
            await asyncio.sleep(5)
            version = await it.store.version()
            next_one = Gate(
                it.store, it.events, SimulatedClock(), release=lambda _: asyncio.sleep(0)
            )
            assert list(await next_one.list(Experiment)) == []
            assert await it.store.version() == version
            assert await it.reasons(one.uid) == ["ExperimentInvalid"]
            await next_one.close()

    simulated(story())


def test_a_template_may_come_a_little_later() -> None:
    """One command applies Experiment and ConfigMap in any order; nothing is said of the moment between."""

    async def story() -> None:
        async with scene() as it:
            one = await it.add(from_config_map())
            await asyncio.sleep(5)
            assert it.seen == []
            await it.add(templates())
            await asyncio.sleep(5)
            assert it.passed() == ["e"]
            assert await it.reasons(one.uid) == []
            assert (await it.held()).status.conditions == ()

    simulated(story())


def test_a_template_that_does_not_come_is_told_and_waited_for() -> None:
    """Within a quarter of a minute the Experiment says what it lacks; it begins when that is there."""

    async def story() -> None:
        async with scene() as it:
            await it.add(from_config_map())
            await asyncio.sleep(15)
            last = (await it.held()).status.conditions[-1]
            assert last.reason == "ExperimentInvalid"
            assert "templates" in last.message
            version = await it.store.version()
            await asyncio.sleep(3600)
            assert await it.store.version() == version, "it waits without writing"
            await it.add(templates())
            await asyncio.sleep(60)
            assert set(it.passed()) == {"e"}
            assert (await it.held()).status.conditions == ()

    simulated(story())


def test_what_was_admitted_stays_so() -> None:
    """A new leader drives on an Experiment whose ConfigMap has gone since."""

    async def story() -> None:
        async with scene() as it:
            one = from_config_map()
            status = one.status.model_copy(update={"observed_generation": 1})
            made = await it.store.create(one)
            await it.store.replace_status(made.model_copy(update={"status": status}))
            await asyncio.sleep(60)
            assert "e" in it.passed()

    simulated(story())


def test_what_ended_elsewhere_is_not_judged() -> None:
    """An Experiment that Katib brought to its end keeps its result, whatever munshi thinks of its spec."""

    async def story() -> None:
        async with scene() as it:
            made = await it.store.create(invalid())
            done = ended(made, "ExperimentGoalReached")
            await it.store.replace_status(done)
            gate = Gate(it.store, it.events, SimulatedClock(), release=lambda _: asyncio.sleep(0))
            [found] = await gate.list(Experiment)
            assert found.is_succeeded
            assert (await it.held()).is_succeeded
            await gate.close()

    simulated(story())


def test_what_is_being_deleted_is_left_alone() -> None:
    """It is gone for the engine at once, is not judged, and is let go of."""

    async def story() -> None:
        async with scene() as it:
            await it.add(an_experiment())
            await asyncio.sleep(1)
            await it.edit("e", leaving)
            await asyncio.sleep(1)
            assert [change.gone for change in it.seen] == [False, True]
            assert list(await it.gate.list(Experiment)) == []
            assert [each.name for each in it.released][:1] == ["e"]
            await it.add(leaving(invalid("f")))
            await asyncio.sleep(5)
            assert (await it.held("f")).status.conditions == ()

    simulated(story())


def test_a_change_that_may_not_be_has_no_effect() -> None:
    """Another algorithm half way: the engine keeps the old one, and the author is told."""

    async def story() -> None:
        async with scene() as it:
            one = await it.add(an_experiment())
            await asyncio.sleep(1)

            def another(now: Experiment) -> Experiment:
                return now.model_copy(update={"spec": an_experiment(algorithm="tpe").spec})

            await it.edit("e", another)
            await asyncio.sleep(1)
            last = it.seen[-1].resource
            assert isinstance(last, Experiment)
            assert last.spec.algorithm is not None
            assert last.spec.algorithm.algorithm_name == "random"
            assert await it.reasons(one.uid) == ["ExperimentChangeRefused"]

            def more(now: Experiment) -> Experiment:
                return now.model_copy(update={"spec": an_experiment(max_trials=99).spec})

            await it.edit("e", more)
            await asyncio.sleep(1)
            last = it.seen[-1].resource
            assert isinstance(last, Experiment)
            assert last.spec.max_trial_count == 99

    simulated(story())


def test_trials_pass_as_they_are() -> None:
    """Only Experiments are judged; a Trial that is being deleted is gone for the engine."""

    async def story() -> None:
        async with scene() as it:
            made = await it.store.create(a_trial("t"))
            await asyncio.sleep(1)
            changed = {"deletion_timestamp": NOW, "finalizers": ("clean-metrics-in-db",)}
            metadata = made.metadata.model_copy(update=changed)
            await it.store.replace(made.model_copy(update={"metadata": metadata}))
            await asyncio.sleep(1)
            assert [(change.resource.name, change.gone) for change in it.seen] == [
                ("t", False),
                ("t", True),
            ]
            assert list(await it.gate.list(Trial)) == []

    simulated(story())


def test_what_this_operator_may_not_run_is_a_fault() -> None:
    """The operator's own objections stand beside those of admission."""

    async def story() -> None:
        path = ("spec", "trialTemplate", "trialSpec", "kind")
        async with scene(lambda _: [FieldFault(path, '"Workflow" is not allowed')]) as it:
            await it.add(an_experiment())
            await asyncio.sleep(5)
            assert it.seen == []
            assert "Workflow" in (await it.held()).status.conditions[-1].message

    simulated(story())


def test_what_has_no_effect_is_told_once() -> None:
    """A setting without effect is one event, and stops nothing."""

    async def story() -> None:
        async with scene() as it:
            one = an_experiment()
            deaf = {"collector": {"kind": "StdOut"}, "source": {"fileSystemPath": {"path": "/x"}}}
            document = one.dump()
            assert isinstance(document["spec"], dict)
            document["spec"]["metricsCollectorSpec"] = deaf
            made = await it.add(Experiment.model_validate(document))
            await asyncio.sleep(60)
            assert "e" in it.passed()
            assert await it.reasons(made.uid) == ["ExperimentWarning"]

    simulated(story())


def of_a_service() -> Experiment:
    """An Experiment whose algorithm a service answers for."""
    return an_experiment(algorithm="mine", settings={"width": "0.1"})


def test_an_experiment_of_a_service_is_driven() -> None:
    """Its algorithm's name and settings are for the service to judge, which finds nothing wrong."""

    async def story() -> None:
        async with scene() as it:
            await it.store.create(of_a_service())
            await asyncio.sleep(1)
            assert it.passed() == ["e"]

    simulated(story())


def test_what_a_service_refuses_is_told_on_the_experiment() -> None:
    """With the service's words; nothing of it is driven."""

    async def no(experiment: Experiment) -> Sequence[FieldFault]:
        assert experiment.name == "e"
        return [FieldFault(("spec", "algorithm"), "width is too small")]

    async def story() -> None:
        async with scene(served_faults=no) as it:
            await it.store.create(of_a_service())
            await asyncio.sleep(1)
            assert it.passed() == []
            assert "width is too small" in (await it.held()).status.conditions[-1].message

    simulated(story())


def test_while_a_service_does_not_answer_its_experiment_waits() -> None:
    """Told once, and not refused: it is asked again until there is an answer."""
    asked: list[str] = []

    async def late(experiment: Experiment) -> Sequence[FieldFault]:
        asked.append(experiment.name)
        if len(asked) < 4:
            raise Retryable("nobody answers at mine:6789")
        return []

    async def story() -> None:
        async with scene(served_faults=late) as it:
            created = await it.store.create(of_a_service())
            await asyncio.sleep(1)
            assert it.passed() == []
            await asyncio.sleep(60)
            assert it.passed() == ["e"]
            assert await it.reasons(created.uid) == [refusal.PUT_OFF]

    simulated(story())
