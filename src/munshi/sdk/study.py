"""`munshi.Study`: a search inside a program: ask for trials, tell how they went. No files, no processes.

The same algorithms, the same rules for what may be written and the same sentences when it is wrong as an
Experiment has. The program runs its trials by itself; what it tells is what the algorithm knows. Everything
is gone with the program: whoever wants a ledger writes an Experiment.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import RLock
from typing import Literal, SupportsFloat, TypeAlias

from munshi import algorithms
from munshi.algorithms import Pending, Reply, Request, Result
from munshi.errors import AlgorithmRefused, AlreadyExists, FieldFault, Invalid, NotFound
from munshi.sdk.parameters import Short, Values
from munshi.sdk.wanted import Wanted, is_count, understand
from munshi.space import nearest
from munshi.space.text import quoted

State: TypeAlias = Literal["pending", "succeeded", "failed"]


@dataclass(frozen=True, slots=True)
class Trial:
    """What to try, and once it was told, how it went.

    Attributes:
        name: `trial-0`, `trial-1`, …
        index: Its number, from 0, in the order they were given out.
        assignments: Parameter name -> value: float, int, or the entry of a list as it was written.
        state: pending, succeeded or failed.
        value: The objective as told; None while it is pending, and when it failed.
        metrics: Everything that was told by name.
        reason: Why it failed, if that was told.
    """

    name: str
    index: int
    assignments: Values
    state: State = "pending"
    value: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""


class Study:
    """Proposes trials and learns from what is told of them. May be used from several threads.

    Args:
        parameters: `{"lr": (1e-4, 1e-1, "log"), "units": range(16, 257, 16), "act": ["relu", "tanh"]}`, or
            a list of Katib's parameters: `name`, `parameterType`, `feasibleSpace`.
        objective: "minimize" or "maximize", or Katib's `{"type": "maximize", "objectiveMetricName":
            "accuracy", "goal": 0.99}`.
        algorithm: Its algorithmName.
        settings: Algorithm settings, name -> value.
        seed: The seed of all chance, at least 0; the same seed and the same results give the same trials.
            Drawn when it is left out; `Study.seed` tells it.
        max_trials: How many trials there will be at most; some algorithms plan by it.
        parallel: How many trials run at the same time; some algorithms plan by it.

    Raises:
        Invalid: With everything that is wrong with the arguments at once.
    """

    def __init__(
        self,
        parameters: Mapping[str, Short] | Sequence[Mapping[str, object]],
        objective: str | Mapping[str, object] = "minimize",
        algorithm: str = "tpe",
        settings: Mapping[str, object] | None = None,
        seed: int | None = None,
        *,
        max_trials: int | None = None,
        parallel: int = 1,
    ) -> None:
        self._wanted: Wanted = understand(
            parameters, objective, algorithm, settings or {}, seed, max_trials, parallel
        )
        self.seed: int = secrets.randbelow(2**31) if seed is None else int(seed)
        """What all chance is drawn from, unless `settings` has a random_state."""
        self._max_trials = None if max_trials is None else int(max_trials)
        self._parallel = int(parallel)
        self._points: list[Mapping[str, str]] = []
        self._trials: dict[str, Trial] = {}
        self._best: Trial | None = None
        self._finished = self._waiting = False
        self._because = ""
        self._lock = RLock()

    def ask(self, n: int = 1) -> list[Trial]:
        """Up to `n` new trials, to be run in any order and told by name.

        Fewer, perhaps none, when the search is `finished` or the algorithm is `waiting` for trials
        that are still pending; `because` has the reason.

        Raises:
            Invalid: `n` is not a whole number of at least 1.
            AlgorithmRefused: The algorithm cannot go on; the message says why.
        """
        if not is_count(n):
            raise Invalid([FieldFault(("n",), f"is {n!r}", "ask for 1 trial or more")])
        with self._lock:
            self._waiting = False
            if self._finished:
                return []
            given, limit = len(self._trials), self._max_trials
            count = n if limit is None else min(n, limit - given)
            reply = algorithms.find(self._wanted.algorithm).suggest(self._request(count))
            asked = [self._given(point) for point in reply.assignments]
            self._take_in(reply, count)
            return asked

    def tell(
        self,
        trial: Trial | str,
        value: SupportsFloat | Mapping[str, SupportsFloat] | None = None,
        *,
        failed: bool | str = False,
    ) -> Trial:
        """Say how a trial went.

        Args:
            trial: A trial, or its name.
            value: The objective; or every metric by name, the objective among them. NaN and infinity
                are kept, and never the best: the algorithm takes them for no result.
            failed: The trial has no value: True, or a sentence that says why.

        Returns:
            The trial with its outcome.

        Raises:
            NotFound: No trial of that name was given out.
            AlreadyExists: It was told already; what was told stands.
            Invalid: The value is missing or no number, or stands beside `failed`.
        """
        name = trial.name if isinstance(trial, Trial) else str(trial)
        with self._lock:
            known = self._known(name)
            if failed:
                if value is not None:
                    mend = "tell a value, or that it failed"
                    raise Invalid([FieldFault(("failed",), "stands beside a value", mend)])
                reason = failed if isinstance(failed, str) else ""
                told = replace(known, state="failed", reason=reason)
            else:
                metrics = self._wanted.metrics(value)
                reached = metrics[self._wanted.metric]
                told = replace(known, state="succeeded", value=reached, metrics=metrics)
            self._trials[name] = told
            self._judge(told)
            return told

    @property
    def trials(self) -> tuple[Trial, ...]:
        """All trials that were given out, in order, each as it is now."""
        with self._lock:
            return tuple(self._trials.values())

    @property
    def best(self) -> Trial | None:
        """The trial with the best finite value, the first of equals; None before there is one."""
        return self._best

    @property
    def finished(self) -> bool:
        """No trial will be given out any more; those pending may still be told."""
        return self._finished

    @property
    def waiting(self) -> bool:
        """The last `ask` gave fewer because the algorithm wants the outcome of pending trials first."""
        return self._waiting

    @property
    def because(self) -> str:
        """Why the last `ask` gave what it gave, or why the search is finished; may be empty."""
        return self._because

    # -- inside ---------------------------------------------------------------------------------

    def _request(self, count: int) -> Request:
        results: list[Result] = []
        pending: list[Pending] = []
        for trial, point in zip(self._trials.values(), self._points, strict=True):
            if trial.state == "pending":
                pending.append(Pending(point, trial.index))
            else:
                results.append(Result(point, _finite(trial.value), trial.index))
        return Request(
            space=self._wanted.space,
            maximize=self._wanted.maximize,
            settings=self._wanted.settings,
            seed=self.seed,
            results=tuple(results),
            pending=tuple(pending),
            first_index=len(self._trials),
            count=count,
            max_trial_count=self._max_trials,
            parallel_trial_count=self._parallel,
        )

    def _given(self, point: Mapping[str, str]) -> Trial:
        index = len(self._trials)
        values = self._wanted.values(point)
        trial = Trial(f"trial-{index}", index, values)
        self._points.append(point)
        self._trials[trial.name] = trial
        return trial

    def _take_in(self, reply: Reply, count: int) -> None:
        self._because = reply.because
        if reply.exhausted:
            self._finished = True
        elif len(reply.assignments) < count:
            self._waiting = True
            if all(trial.state != "pending" for trial in self._trials.values()):
                message = f"{self._wanted.algorithm} waits for results, and no trial is pending"
                raise AlgorithmRefused(message)
        elif len(self._trials) == self._max_trials:
            self._finished = True
            self._because = f"max_trials={self._max_trials}: all of them were given out"

    def _known(self, name: str) -> Trial:
        trial = self._trials.get(name)
        if trial is None:
            near = nearest.nearest(name, self._trials)
            mend = f'did you mean "{near}"?' if near else "ask() gives out trials and their names"
            raise NotFound(f"no trial {quoted(name)} was given out; {mend}")
        if trial.state != "pending":
            said = trial.state if trial.value is None else f"the value {trial.value}"
            raise AlreadyExists(f"{name} was told already, with {said}; that stands")
        return trial

    def _judge(self, told: Trial) -> None:
        """Whether it is the best now, and good enough to end the search."""
        value = _finite(told.value)
        if value is None:
            return
        best = self._best
        if best is None or self._rank(told) < self._rank(best):
            self._best = told
        if self._wanted.is_goal(value):
            self._finished = True
            self._because = f"{told.name} has reached the goal {self._wanted.goal}"

    def _rank(self, trial: Trial) -> tuple[float, int]:
        value = trial.value or 0.0
        return (-value if self._wanted.maximize else value, trial.index)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
