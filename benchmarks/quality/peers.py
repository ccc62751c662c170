"""Other people's optimisers behind our `Search`: each used as its documentation says, with defaults.

Each is told what its library can be told. Optuna knows the trials under way; hyperopt does not, nor
does scikit-optimize, which repeats its last point when it is asked again before a result. Lists are
categories for all of them, also lists of numbers, as they are in Katib.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import find_spec
from typing import Any

import hyperopt
import numpy as np
import optuna
import skopt
from benchmarks.quality.contestants import Begin, Search
from benchmarks.quality.problem import Problem

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.filterwarnings("ignore", module="optuna")
warnings.filterwarnings("ignore", module="skopt")
warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)

PACKAGES = {"optuna": "optuna", "skopt": "scikit-optimize", "hyperopt": "hyperopt"}


class _Optuna:
    """A study with ask and tell, in memory."""

    def __init__(self, sampler: Callable[[int], Any], problem: Problem, seed: int, _: int) -> None:
        self._space = {name: self._one(short) for name, short in problem.parameters.items()}
        self._study = optuna.create_study(sampler=sampler(seed))
        self._trials: list[Any] = []

    @staticmethod
    def _one(short: Any) -> Any:  # noqa: ANN401  # the short form is one of several types
        d = optuna.distributions
        if isinstance(short, range):
            return d.IntDistribution(short[0], short[-1], step=short.step)
        if isinstance(short, list):
            return d.CategoricalDistribution(short)
        low, high, log = short[0], short[1], short[2:] == ("log",)
        whole = isinstance(low, int) and isinstance(high, int)
        return (d.IntDistribution if whole else d.FloatDistribution)(low, high, log=log)

    def ask(self) -> Mapping[str, Any] | None:
        trial = self._study.ask(self._space)
        self._trials.append(trial)
        return dict(trial.params)

    def tell(self, index: int, value: float) -> None:
        self._study.tell(self._trials[index], value)


class _Skopt:
    """`Optimizer` as Katib starts it: gp_hedge, ten initial points."""

    def __init__(self, problem: Problem, seed: int, _: int) -> None:
        self._names = list(problem.parameters)
        dimensions = [self._one(short) for short in problem.parameters.values()]
        self._optimizer = skopt.Optimizer(
            dimensions,
            base_estimator="GP",
            n_initial_points=10,
            acq_func="gp_hedge",
            random_state=seed,
        )
        self._asked: list[list[Any]] = []

    @staticmethod
    def _one(short: Any) -> Any:  # noqa: ANN401  # the short form is one of several types
        if isinstance(short, range):
            return skopt.space.Categorical(list(short), transform="normalize")
        if isinstance(short, list):
            return skopt.space.Categorical(short)
        prior = "log-uniform" if short[2:] == ("log",) else "uniform"
        whole = isinstance(short[0], int) and isinstance(short[1], int)
        kind = skopt.space.Integer if whole else skopt.space.Real
        return kind(short[0], short[1], prior=prior)

    def ask(self) -> Mapping[str, Any] | None:
        point = self._optimizer.ask()
        self._asked.append(point)
        return {
            name: value.item() if isinstance(value, np.generic) else value
            for name, value in zip(self._names, point, strict=True)
        }

    def tell(self, index: int, value: float) -> None:
        self._optimizer.tell(self._asked[index], value)


class _Hyperopt:
    """`tpe.suggest` on a `Trials` of our own, as Katib calls it."""

    def __init__(self, problem: Problem, seed: int, _: int) -> None:
        space = {name: self._one(name, short) for name, short in problem.parameters.items()}
        self._space = space
        self._domain = hyperopt.base.Domain(lambda values: 0.0, space, pass_expr_memo_ctrl=False)
        self._trials = hyperopt.Trials()
        self._rng = np.random.Generator(np.random.PCG64(seed))

    @staticmethod
    def _one(name: str, short: Any) -> Any:  # noqa: ANN401  # the short form is one of several types
        hp = hyperopt.hp
        if isinstance(short, list | range):
            return hp.choice(name, list(short))
        low, high = short[0], short[1]
        whole = isinstance(low, int) and isinstance(high, int)
        if short[2:] != ("log",):
            return (
                hyperopt.pyll.scope.int(hp.quniform(name, low, high, 1))
                if whole
                else hp.uniform(name, low, high)
            )
        if whole:
            return hyperopt.pyll.scope.int(hp.qloguniform(name, np.log(low), np.log(high), 1))
        return hp.loguniform(name, np.log(low), np.log(high))

    def ask(self) -> Mapping[str, Any] | None:
        ids = self._trials.new_trial_ids(1)
        self._trials.refresh()
        seed = int(self._rng.integers(2**31 - 1))
        documents = hyperopt.tpe.suggest(ids, self._domain, self._trials, seed)
        documents[0]["state"] = hyperopt.JOB_STATE_RUNNING
        self._trials.insert_trial_docs(documents)
        self._trials.refresh()
        chosen = {name: found[0] for name, found in documents[0]["misc"]["vals"].items()}
        return dict(hyperopt.space_eval(self._space, chosen))

    def tell(self, index: int, value: float) -> None:
        for document in self._trials._dynamic_trials:  # noqa: SLF001  # its only way to a running trial
            if document["tid"] == index:
                document["state"] = hyperopt.JOB_STATE_DONE
                document["result"] = {"loss": value, "status": hyperopt.STATUS_OK}
        self._trials.refresh()


def _optuna(sampler: Callable[[int], Any]) -> Begin:
    def begin(problem: Problem, seed: int, parallel: int) -> Search:
        return _Optuna(sampler, problem, seed, parallel)

    return begin


_SAMPLERS: dict[str, Callable[[int], Any]] = {
    "optuna:random": lambda seed: optuna.samplers.RandomSampler(seed=seed),
    "optuna:tpe": lambda seed: optuna.samplers.TPESampler(seed=seed),
    "optuna:cmaes": lambda seed: optuna.samplers.CmaEsSampler(seed=seed),
}
if find_spec("torch") is not None:
    _SAMPLERS["optuna:gp"] = lambda seed: optuna.samplers.GPSampler(seed=seed)

PEERS: dict[str, Begin] = {
    **{name: _optuna(sampler) for name, sampler in _SAMPLERS.items()},
    "skopt:gp_hedge": partial(_Skopt),
    "hyperopt:tpe": partial(_Hyperopt),
}
"""Name -> how to begin a search."""
