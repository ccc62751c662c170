"""The loop of munshi. A pass is told which object, never what happened; it reads everything anew.

Trials are looked at side by side, so that none waits for another and their writes share commits; beside
them each experiment, one pass of it or its suggestion after the other. Two that write the same object
nevertheless meet in Conflict, and the later one looks again. Algorithms are asked in the background,
one question an experiment at a time. This file holds the one broad `except` of the house: a failed
pass is logged and repeated with a growing pause.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeAlias

from munshi import template
from munshi.algorithms import registry
from munshi.api.experiment import Experiment, ExperimentStatus
from munshi.api.meta import ConfigMap, Resource
from munshi.api.suggestion import Suggestion, SuggestionStatus
from munshi.api.trial import Trial, TrialStatus
from munshi.engine.chronicle import Chronicle
from munshi.engine.early_stopping import Curves, Served
from munshi.engine.mirror import Mirror
from munshi.engine.perform import Performer
from munshi.engine.ports import (
    Change,
    Clock,
    EventLog,
    Launcher,
    ObservationLog,
    Services,
    Store,
    Suggester,
)
from munshi.engine.queue import Key, Kind, WorkQueue
from munshi.engine.services import NoServices
from munshi.engine.thrift import LOCAL, Rest, Rests, Thrift
from munshi.errors import AlgorithmRefused, Conflict, Gone, MunshiError, NotFound, Retryable
from munshi.metrics.observation import Observation
from munshi.reconcile import story
from munshi.reconcile import tally as tallies
from munshi.reconcile.experiment import reconcile_experiment
from munshi.reconcile.plan import Ask, LaunchTrial, Plan
from munshi.reconcile.stopping import Rules
from munshi.reconcile.suggestion import failed, reconcile_suggestion, settled
from munshi.reconcile.trial import reconcile_trial
from munshi.reconcile.views import ExperimentView, Run, SuggestionView, TrialView

log = logging.getLogger("munshi.engine")

Status: TypeAlias = ExperimentStatus | SuggestionStatus

ECHO_PAUSE_S = 0.1
"""Between two looks at the store's news while they only tell of our own writes, which are known already."""
ONE_LOOK_S = 0.01
"""News that come as close together were brought by one look."""
LIST_PAUSE_S = 0.5
"""Before a store that cannot be followed, or a job that cannot be stopped, is tried again."""
STOPS = 5
"""How often to try to stop the job of a deleted trial."""
ASKS = 5
"""Failures in a row after which an algorithm is given up: it is a pure function, so it stays broken."""


class Engine:
    """Drives experiments until told to stop.

    Args:
        store: Where objects live.
        observations: What trials reported.
        launcher: What runs them.
        suggester: Who computes assignments.
        clock: The time.
        events: Where the story is written.
        wants: Which experiments are this engine's business.
        services: Who answers for the algorithms that are not munshi's.
        thrift: How writes are spared.
    """

    def __init__(  # noqa: PLR0913 - the seven ports, and two choices
        self,
        store: Store,
        observations: ObservationLog,
        launcher: Launcher,
        suggester: Suggester,
        clock: Clock,
        *,
        events: EventLog,
        wants: Callable[[Experiment], bool] = lambda _: True,
        services: Services | None = None,
        thrift: Thrift = LOCAL,
    ) -> None:
        self._store, self._observations, self._launcher = store, observations, launcher
        self._suggester, self._clock, self._wants = suggester, clock, wants
        self._services: Services = services or NoServices()
        self._thrift = thrift
        self.mirror = Mirror()
        self.passes: Counter[tuple[str, str]] = Counter()
        """How many passes there were, by kind and by how they ended (done, repeated, failed)."""
        self._queue = WorkQueue()
        self._chronicle = Chronicle(events)
        self._performer = Performer(
            store, observations, launcher, clock, self.mirror, self._chronicle
        )
        self._by_uid: dict[str, tuple[str, str]] = {}
        self._trial_of: dict[str, Key] = {}
        self._live: set[str] = set()
        self._deleted: dict[str, dict[str, str]] = {}
        self._curves: dict[str, Curves | Served] = {}
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._background: set[asyncio.Future[None]] = set()
        self._rests = Rests[Key]()

    async def run(self) -> None:
        """Work until cancelled. Trials go on running when the engine stops."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._follow_store())
                tasks.create_task(self._follow_launcher())
                tasks.create_task(self._work())
        finally:
            self._queue.close()
            tasks_left = [*self._asking.values(), *self._background]
            for task in self._asking.values():
                task.cancel()
            await asyncio.gather(*tasks_left, return_exceptions=True)
            await self._chronicle.finish()

    @property
    def waiting(self) -> int:
        """How many passes are asked for and not begun."""
        return len(self._queue)

    def is_at_rest(self) -> bool:
        """Every wanted experiment is completed, and nothing of it runs or waits any more."""
        experiments = [one for one in self.mirror.experiments.values() if self._wants(one)]
        return (
            all(one.is_completed for one in experiments)
            and not (self._live or self._asking or self._background)
            and self._queue.is_empty
            and all(t.is_completed for one in experiments for t in self.mirror.tally(one).active)
        )

    # -- what wakes it --------------------------------------------------------------------------

    async def _follow_store(self) -> None:
        """Everything first, then its changes: no pass sees an experiment without all its trials."""
        while True:
            try:
                since = await self._store.version()
                await self._read_all()
                looked = 0.0
                async for change in self._store.watch(since):
                    if self._take(change) or looked + ONE_LOOK_S > self._loop_time():
                        continue
                    await asyncio.sleep(ECHO_PAUSE_S)
                    looked = self._loop_time()
            except Gone:
                log.info("the store forgot changes that were not seen yet; reading all of it again")
            except Retryable as busy:
                log.warning("the store cannot be followed for now: %s", busy)
                await asyncio.sleep(LIST_PAUSE_S)

    async def _read_all(self) -> None:
        """Read what is ours; a store may hold the trials of a hundred other experiments.

        Of others the watch may have brought something; it is dropped, and nothing of it is stopped.
        """
        before, ours = self.mirror.everything(), set(self._by_uid)
        found: list[Resource] = [
            one for one in await self._store.list(Experiment) if self._wants(one)
        ]
        for one in tuple(found):
            # The Suggestion first: one that is newer than its trials would hide an active trial.
            found += await self._store.list(Suggestion, one.namespace, one.uid)
            found += await self._store.list(Trial, one.namespace, one.uid)
        there = {resource.uid for resource in found}
        for resource in before:
            mine = {resource.uid, _owner_uid(resource)} & ours
            if resource.uid not in there and self.mirror.drop(resource) and mine:
                self._gone(resource)
        for resource in found:
            self.mirror.put(resource)
        for resource in self.mirror.everything():
            self._wake(resource)

    async def _follow_launcher(self) -> None:
        async for uid in self._launcher.changes():
            key = self._trial_of.get(uid)
            if key is not None:
                self._queue.add(key)

    def _take(self, change: Change) -> bool:
        """Take news in; says whether they were any."""
        resource = change.resource
        if change.gone:
            dropped = self.mirror.drop(resource)
            if dropped:
                self._gone(resource)
            return dropped
        if isinstance(resource, Experiment) and not self._wants(resource):
            return False
        fresh = self.mirror.put(resource)
        if fresh:
            self._wake(resource)
        return fresh

    def _wake(self, resource: Resource) -> None:
        match resource:
            case Experiment():
                self._by_uid[resource.uid] = (resource.namespace, resource.name)
                self._queue.add(Key(Kind.EXPERIMENT, resource.uid))
                self._queue.add(Key(Kind.SUGGESTION, resource.uid))
            case Suggestion():
                owner = _owner_uid(resource)
                self._queue.add(Key(Kind.EXPERIMENT, owner))
                self._queue.add(Key(Kind.SUGGESTION, owner))
            case Trial():
                owner = _owner_uid(resource)
                key = Key(Kind.TRIAL, owner, resource.name)
                self._trial_of[resource.uid] = key
                self._queue.add(key)
                self._queue.add(Key(Kind.EXPERIMENT, owner))
            case _:
                pass

    def _gone(self, resource: Resource) -> None:
        if isinstance(resource, Trial):
            self._trial_of.pop(resource.uid, None)
            self._live.discard(resource.uid)
            deleted = self._deleted.setdefault(_owner_uid(resource), {})
            deleted[resource.name] = resource.uid
            self._start(self._stop(resource))
            self._queue.add(Key(Kind.EXPERIMENT, _owner_uid(resource)))
        elif isinstance(resource, Experiment):
            self._by_uid.pop(resource.uid, None)
            self._deleted.pop(resource.uid, None)
            self._curves.pop(resource.uid, None)
            for kind in (Kind.EXPERIMENT, Kind.SUGGESTION):
                self._rests.forget(Key(kind, resource.uid))

    async def _stop(self, trial: Trial) -> None:
        """End what a deleted trial runs; nobody will look at it again.

        A pass that is just launching it comes to its end first.
        """
        await self._queue.no_pass_of(Key(Kind.TRIAL, _owner_uid(trial), trial.name))
        for _ in range(STOPS):
            try:
                return await self._launcher.stop(trial)
            except (MunshiError, OSError) as broken:
                log.warning("deleted trial %s cannot be stopped yet: %s", trial.name, broken)
                await asyncio.sleep(LIST_PAUSE_S)
        log.error("deleted trial %s may still run", trial.name)
        return None

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    # -- passes ---------------------------------------------------------------------------------

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as passes:
            while True:
                for key in await self._queue.take():
                    passes.create_task(self._pass(key))

    async def _pass(self, key: Key) -> None:
        try:
            match key.kind:
                case Kind.TRIAL:
                    await self._try(key, self._pass_trial(key))
                case Kind.EXPERIMENT:
                    await self._try(key, self._pass_experiment(key))
                case Kind.SUGGESTION:
                    await self._try(key, self._pass_suggestion(key))
                case Kind.ANSWER:
                    self._queue.add(Key(Kind.SUGGESTION, key.experiment_uid))
        finally:
            self._queue.done(key)

    async def _try(self, key: Key, work: Coroutine[Any, Any, None]) -> None:
        outcome = "repeated"
        try:
            await work
        except (Conflict, NotFound) as stale:
            log.debug("pass on stale ground: %s", stale)
            self._queue.retry(key)
        except Retryable as busy:
            log.warning("pass put off: %s", busy)
            self._queue.retry(key, busy.after)
        except MunshiError:
            log.exception("pass failed: %s", key)
            self._queue.retry(key)
            outcome = "failed"
        except Exception:
            log.exception("pass broke: %s", key)
            self._queue.retry(key)
            outcome = "failed"
        else:
            self._queue.succeeded(key)
            outcome = "done"
        self.passes[key.kind.name.lower(), outcome] += 1

    async def _pass_trial(self, key: Key) -> None:
        trial = self.mirror.trial_named(key.experiment_uid, key.trial)
        if trial is None or self._experiment(key.experiment_uid) is None:
            return
        before = tallies.state_of(trial)
        try:
            await self._look_after(trial, key)
        finally:  # even if only the write succeeded: the watch, which lags behind, brings it as no news
            held = self.mirror.trial_named(key.experiment_uid, key.trial)
            if held is not None and tallies.state_of(held) is not before:
                self._queue.add(Key(Kind.EXPERIMENT, key.experiment_uid))

    async def _look_after(self, trial: Trial, key: Key) -> None:
        run = await self._launcher.look(trial)
        self._note_live(trial, run)
        observation = await self._observe(trial, run)
        plan = reconcile_trial(TrialView(trial, run, observation), self._clock.now())
        had_ended = trial.is_completed
        if _begins(trial, plan) and not self._queue.failures(key):
            # Its next pass writes it; if there is none, the job is found again by the trial's name.
            trial = trial.model_copy(update={"status": plan.status})
        else:
            trial = await self._performer.write_trial(trial, plan.status)
        for action in plan.actions:
            log.info("trial %s: %s (%s)", trial.name, type(action).__name__, action.because)
            await self._performer.act_on_trial(trial, action, self._queue.failures(key))
        if plan.look_again_in is not None:
            self._queue.add_later(key, plan.look_again_in)
        if trial.is_completed and not had_ended and (self._thrift.jobs_stay or _is_live(run)):
            self._queue.add(key)
        held = self.mirror.trial_named(key.experiment_uid, key.trial)
        if held is not None and held.metadata.resource_version != trial.metadata.resource_version:
            self._queue.add(key)

    async def _pass_experiment(self, key: Key) -> None:
        experiment = self._experiment(key.experiment_uid)
        if experiment is None:
            return
        view = ExperimentView(
            experiment,
            self.mirror.suggestion(experiment.uid),
            self.mirror.tally(experiment),
            await self._template_text(experiment),
            self._deleted.get(experiment.uid, {}),
            await self._rules(experiment),
        )
        plan = reconcile_experiment(view, self._clock.now())
        changed = plan.status != experiment.status
        if changed and not self._may_rest(
            key, self._thrift.experiment, experiment.status, plan.status
        ):
            experiment = await self._performer.write_experiment(experiment, plan.status)
            self._queue.add(Key(Kind.SUGGESTION, key.experiment_uid))
        for action in plan.actions:
            log.info("experiment %s: %s (%s)", key, type(action).__name__, action.because)
        await self._performer.act_on_experiment(experiment, plan.actions, self._wake)
        waits = view.suggestion is not None and view.suggestion.status.waits_for
        if (
            plan.actions or waits
        ):  # an end of a trial is what a waiting algorithm is asked again for
            self._queue.add(Key(Kind.SUGGESTION, key.experiment_uid))

    async def _pass_suggestion(self, key: Key) -> None:
        experiment = self._experiment(key.experiment_uid)
        suggestion = self.mirror.suggestion(key.experiment_uid)
        if experiment is None or suggestion is None or key.experiment_uid in self._asking:
            return
        view = self._suggestion_view(experiment, suggestion)
        plan = reconcile_suggestion(view, self._clock.now())
        changed = plan.status != suggestion.status
        if changed and not self._may_rest(
            key, self._thrift.suggestion, suggestion.status, plan.status
        ):
            suggestion = await self._performer.write_suggestion(suggestion, plan.status)
            self._queue.add(Key(Kind.EXPERIMENT, key.experiment_uid))
        for action in plan.actions:
            if isinstance(action, Ask):
                log.info("suggestion %s: Ask (%s)", suggestion.name, action.because)
                self._chronicle.tell([story.of_action(suggestion, action, self._clock.now())])
                task = asyncio.ensure_future(self._ask(key, action, view))
                self._asking[key.experiment_uid] = task

    def _may_rest(self, key: Key, rest: Rest, old: Status, new: Status) -> bool:
        """Whether a changed status need not be written yet; then its pass comes again in time.

        A hundred trials a second would otherwise mean a hundred writes of the same counts.
        """
        now = self._loop_time()
        if old.conditions == new.conditions and (left := self._rests.left_s(key, rest, now)):
            self._queue.add_later(key, timedelta(seconds=left))
            return True
        self._rests.wrote(key, now)
        return False

    async def _ask(self, key: Key, ask: Ask, view: SuggestionView) -> None:
        """Ask in the background; failures count apart, as the pass that merely asks succeeds."""
        answer = Key(Kind.ANSWER, key.experiment_uid)
        try:
            await self._try(answer, self._ask_and_settle(key, answer, ask, view))
        finally:
            del self._asking[key.experiment_uid]

    async def _ask_and_settle(self, key: Key, answer: Key, ask: Ask, view: SuggestionView) -> None:
        await self._settle(key, await self._answer(answer, ask, view))
        self._queue.add(Key(Kind.EXPERIMENT, key.experiment_uid))
        self._queue.add(key)

    async def _answer(
        self, key: Key, ask: Ask, asked: SuggestionView
    ) -> Callable[[SuggestionView], SuggestionStatus]:
        """Ask, and say how the answer is to be written down."""
        served = ask.algorithm in self._services.algorithms
        begun = asked.suggestion.status.suggestion_count > 0
        if begun and not served and not registry.is_here(ask.algorithm):
            # Its service was named when it began; whoever runs munshi may name it again.
            raise Retryable(f'nobody answers for the algorithm "{ask.algorithm}" any more')
        try:
            if served:
                reply = await self._services.suggest(asked, ask.request.count)
            else:
                reply = await self._suggester.suggest(ask.algorithm, ask.request)
        except AlgorithmRefused as refusal:
            message = str(refusal)
        except Retryable:
            raise
        except Exception as broken:
            if self._queue.failures(key) + 1 < ASKS:
                raise
            message = f"it broke {ASKS} times, last with {type(broken).__name__}: {broken}"
        else:
            return lambda view: settled(view, ask, reply, self._clock.now(), served=served)
        return lambda view: failed(view.suggestion.status, message, self._clock.now())

    async def _settle(self, key: Key, decide: Callable[[SuggestionView], SuggestionStatus]) -> None:
        """Write the answer into the Suggestion as it is now; nothing else writes it meanwhile."""
        experiment = self._experiment(key.experiment_uid)
        suggestion = self.mirror.suggestion(key.experiment_uid)
        if experiment is None or suggestion is None:
            return
        rules = await self._rules(experiment)
        view = replace(self._suggestion_view(experiment, suggestion), rules=rules)
        await self._performer.write_suggestion(suggestion, decide(view))

    # -- reading --------------------------------------------------------------------------------

    @staticmethod
    def _loop_time() -> float:
        return asyncio.get_running_loop().time()

    def _experiment(self, uid: str) -> Experiment | None:
        key = self._by_uid.get(uid)
        found = self.mirror.experiments.get(key) if key else None
        return found if found is not None and found.uid == uid else None

    def _suggestion_view(self, experiment: Experiment, suggestion: Suggestion) -> SuggestionView:
        trials = self.mirror.tally(experiment)
        return SuggestionView(experiment, suggestion, trials, self._deleted.get(experiment.uid, {}))

    async def _rules(self, experiment: Experiment) -> Rules:
        """The early-stopping rules that a trial is given today; none once nothing is given any more."""
        if experiment.spec.early_stopping is None or experiment.is_completed:
            self._curves.pop(experiment.uid, None)
            return ()
        served = experiment.spec.early_stopping.algorithm_name in self._services.early_stopping
        made: Curves | Served = Served(self._services) if served else Curves(self._observations)
        curves = self._curves.setdefault(experiment.uid, made)
        return await curves.rules(experiment, self.mirror.tally(experiment))

    def _note_live(self, trial: Trial, run: Run | None) -> None:
        if _is_live(run):
            self._live.add(trial.uid)
        else:
            self._live.discard(trial.uid)

    async def _observe(self, trial: Trial, run: Run | None) -> Observation:
        if run is None or trial.is_completed or trial.spec.objective is None:
            return Observation()
        if not (run.collected or run.tripped):
            return Observation()
        return await self._observations.summarise(trial.uid, trial.spec.objective.metric_names)

    async def _template_text(self, experiment: Experiment) -> str | None:
        """The template's text, when a ConfigMap holds it."""
        said = experiment.spec.trial_template
        source = template.text_source(said) if said is not None else None
        if source is None:
            return None
        try:
            found = await self._store.get(
                ConfigMap, source.config_map_namespace, source.config_map_name
            )
        except NotFound:
            return None
        return found.data.get(source.template_path)


def _is_live(run: Run | None) -> bool:
    return run is not None and run.live


def _begins(trial: Trial, plan: Plan[TrialStatus]) -> bool:
    """Whether the plan is to start the trial for the first time, and nothing else was said of it before."""
    fresh = not (trial.status.attempts or trial.status.conditions)
    return fresh and any(isinstance(one, LaunchTrial) for one in plan.actions)


def _owner_uid(resource: Resource) -> str:
    owner = resource.metadata.controller()
    return owner.uid if owner else ""
