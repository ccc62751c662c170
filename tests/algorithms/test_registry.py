"""Algorithms by name."""

from __future__ import annotations

import pytest

from munshi.algorithms import find, known, planned
from munshi.errors import AlgorithmRefused


def test_known_names_are_found() -> None:
    """Each name leads to an algorithm that goes by it."""
    assert known() == (
        "auto",
        "bayesianoptimization",
        "cmaes",
        "grid",
        "hyperband",
        "multivariate-tpe",
        "random",
        "sobol",
        "tpe",
    )
    assert [find(name).name for name in known()] == list(known())


REFUSED = {
    "tpee": '"tpee" is unknown; did you mean "tpe"?',
    "TPE": '"TPE" is unknown; did you mean "tpe"?',
    "grid_search": '"grid_search" is unknown; did you mean "grid"?',
    "zzz": "known: auto, bayesianoptimization, cmaes, grid, hyperband, multivariate-tpe, random, sobol, tpe",
    "": "is missing",
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_unknown_name_is_refused_with_the_nearest(name: str) -> None:
    """The message offers what was probably meant."""
    with pytest.raises(AlgorithmRefused) as caught:
        find(name)
    assert REFUSED[name] in str(caught.value)


@pytest.mark.parametrize("name", planned())
def test_katibs_other_names_have_a_reason(name: str) -> None:
    """A name that Katib knows is not called unknown: it is not here yet, and something else is."""
    with pytest.raises(AlgorithmRefused, match="not available in this version") as caught:
        find(name)
    assert "unknown" not in str(caught.value)
