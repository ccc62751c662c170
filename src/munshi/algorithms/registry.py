"""Which algorithms there are, by name; each is loaded when it is asked for.

The registry holds import paths, so that reading an Experiment or printing help loads no numpy. A
new algorithm is one file and one line here. A name that is not here may be another package's (`outside`).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

from munshi.algorithms.protocol import Algorithm
from munshi.errors import AlgorithmRefused
from munshi.space import nearest
from munshi.space.text import quoted

if TYPE_CHECKING:
    from munshi.algorithms.outside import Broken

_PATHS = {
    "auto": "munshi.algorithms.auto:AUTO",
    "bayesianoptimization": "munshi.algorithms.bayesian_optimization:BAYESIAN_OPTIMIZATION",
    "cmaes": "munshi.algorithms.cmaes:CMAES",
    "grid": "munshi.algorithms.grid:GRID",
    "hyperband": "munshi.algorithms.hyperband:HYPERBAND",
    "multivariate-tpe": "munshi.algorithms.tpe:MULTIVARIATE_TPE",
    "random": "munshi.algorithms.random:RANDOM",
    "sobol": "munshi.algorithms.sobol:SOBOL",
    "tpe": "munshi.algorithms.tpe:TPE",
}
_PLANNED = {
    "darts": "munshi searches no architectures yet",
    "enas": "munshi searches no architectures yet",
    "pbt": "use tpe and train every trial from the start",
}
_SYNONYMS = {
    "bayesian": "bayesianoptimization",
    "bo": "bayesianoptimization",
    "randomsearch": "random",
    "random_search": "random",
    "gridsearch": "grid",
    "grid_search": "grid",
    "cma-es": "cmaes",
    "quasirandom": "sobol",
    "multivariate_tpe": "multivariate-tpe",
}


_WITHOUT_SEED = frozenset({"grid", "sobol"})
_WITHOUT_RESULTS = frozenset({"grid", "random", "sobol"})


def draws(name: str) -> bool:
    """Whether an algorithm's points depend on `Request.seed` when the author sets no `random_state`."""
    return name not in _WITHOUT_SEED


def learns(name: str) -> bool:
    """Whether an algorithm's points depend on `Request.results`, so that it is better asked late."""
    return name not in _WITHOUT_RESULTS


def is_own(name: str) -> bool:
    """Whether the algorithm is munshi's own, and not another package's."""
    return name in _PATHS


def is_here(name: str) -> bool:
    """Whether the algorithm is munshi's own, or some package on the path registers one of that name."""
    from munshi.algorithms import outside  # noqa: PLC0415 - costs time, and is rarely needed

    return name in _PATHS or name in outside.names()


def known() -> tuple[str, ...]:
    """Munshi's own names that `find` accepts, in alphabetical order."""
    return tuple(_PATHS)


def planned() -> tuple[str, ...]:
    """Katib's names that munshi does not offer yet, in alphabetical order."""
    return tuple(_PLANNED)


def find(name: str) -> Algorithm:
    """The algorithm of this name.

    Args:
        name: An Experiment's spec.algorithm.algorithmName.

    Raises:
        AlgorithmRefused: There is none, or another package's cannot be used; the message says why, and
            what is near, or what to use meanwhile.
    """
    path = _PATHS.get(name)
    if path is None:
        return _outside(name)
    module, _, attribute = path.partition(":")
    return cast("Algorithm", getattr(import_module(module), attribute))


def _outside(name: str) -> Algorithm:
    from munshi.algorithms import outside  # noqa: PLC0415 - costs time, and is rarely needed

    found = outside.find(name)
    if found is None or isinstance(found, outside.Broken):
        raise AlgorithmRefused(f"{problem(name)}; {mend(name)}")
    return found


def problem(name: str) -> str:
    """What is wrong with a name that is not known: for a fault at the field that holds it."""
    if broken := _broken(name):
        return f"{quoted(name)} {broken.problem}"
    if name in _PLANNED:
        return f'"{name}" is not available in this version of munshi yet'
    return f"{quoted(name)} is unknown" if name else "is missing"


def mend(name: str) -> str:
    """What to write instead of a name that is not known."""
    from munshi.algorithms import outside  # noqa: PLC0415 - costs time, and is rarely needed

    if broken := _broken(name):
        return broken.mend
    if name in _PLANNED:
        return _PLANNED[name]
    names = (*_PATHS, *outside.names())
    meant = nearest.nearest(name, (*names, *_PLANNED), _SYNONYMS)
    return f'did you mean "{meant}"?' if meant else f"known: {', '.join(names)}"


def _broken(name: str) -> Broken | None:
    """What is wrong with another package's algorithm of this name, if there is one."""
    from munshi.algorithms import outside  # noqa: PLC0415 - costs time, and is rarely needed

    found = outside.find(name)
    return found if isinstance(found, outside.Broken) else None
