"""Which early-stopping methods there are, by name; each is loaded when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from munshi.algorithms.early_stopping.protocol import EarlyStopping
from munshi.errors import AlgorithmRefused
from munshi.space import nearest
from munshi.space.text import quoted

_PATHS = {"medianstop": "munshi.algorithms.early_stopping.medianstop:MEDIAN_STOP"}
_SYNONYMS = {
    "median": "medianstop",
    "median-stop": "medianstop",
    "median_stop": "medianstop",
    "medianpruner": "medianstop",
    "medianstopping": "medianstop",
    "median_stopping": "medianstop",
}


def known() -> tuple[str, ...]:
    """The names `find` accepts, in alphabetical order."""
    return tuple(_PATHS)


def find(name: str) -> EarlyStopping:
    """The method of this name.

    Args:
        name: An Experiment's spec.earlyStopping.algorithmName.

    Raises:
        AlgorithmRefused: There is none; the message says what is near.
    """
    path = _PATHS.get(name)
    if path is None:
        raise AlgorithmRefused(f"{problem(name)}; {mend(name)}")
    module, _, attribute = path.partition(":")
    return cast("EarlyStopping", getattr(import_module(module), attribute))


def problem(name: str) -> str:
    """What is wrong with a name that is not known."""
    return f"{quoted(name)} is unknown" if name else "is missing"


def mend(name: str) -> str:
    """What to write instead of a name that is not known."""
    return nearest.advice(name, _PATHS, _SYNONYMS)
