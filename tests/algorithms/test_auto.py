"""The choice of an algorithm: by what, and with which words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from munshi.algorithms import auto, find, registry
from munshi.space import Categorical, Double, Integer, Space
from munshi.testing.algorithms import SMALL, a_request

AUTO = find("auto")
CONTINUUM = Space((Double("x", 0.0, 1.0), Double("y", 0.0, 1.0), Integer("n", 1, 1000)))
MIXED = Space((Double("x", 0.0, 1.0), Categorical("c", ("a", "b", "c"))))
WIDE = Space(tuple(Double(f"x{i}", 0.0, 1.0) for i in range(40)))

CASES: dict[str, tuple[Space, int | None, int, str]] = {
    "the budget covers the space": (SMALL, 18, 3, "grid"),
    "a small space, no budget": (SMALL, None, 3, "grid"),
    "the budget does not cover the space": (SMALL, 17, 3, "multivariate-tpe"),
    "everything runs at once": (CONTINUUM, 8, 8, "sobol"),
    "a large budget for numbers": (CONTINUUM, 200, 4, "cmaes"),
    "a large budget, nearly all at once": (CONTINUUM, 200, 50, "multivariate-tpe"),
    "a large budget, and a list": (MIXED, 200, 4, "multivariate-tpe"),
    "no budget": (CONTINUUM, None, 4, "multivariate-tpe"),
    "very many parameters": (WIDE, 500, 4, "tpe"),
}


@pytest.mark.parametrize("case", CASES)
def test_the_choice_fits_the_case(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says which algorithm it took and why; the points are those of that algorithm."""
    without = tuple(one for one in auto.CHOICES if one.name != "bayesianoptimization")
    monkeypatch.setattr(auto, "CHOICES", without)
    space, budget, parallel, name = CASES[case]
    request = replace(
        a_request(space, count=2), max_trial_count=budget, parallel_trial_count=parallel
    )
    reply = AUTO.suggest(request)
    assert reply.because.startswith(f"{name}: ")
    assert "{" not in reply.because
    assert reply.assignments == find(name).suggest(request).assignments


def test_a_choice_that_is_not_installed_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """No such name, or no such package: the next row that fits is taken."""
    always = [
        auto.Choice("nobody", lambda _: True, "it is best"),
        auto.Choice("random", lambda _: True, "it is best", needs="surely_no_such_package"),
        auto.Choice("sobol", lambda _: True, "it is there"),
    ]
    monkeypatch.setattr(auto, "CHOICES", always)
    assert AUTO.suggest(a_request(CONTINUUM)).because == "sobol: it is there"


def test_for_every_case_there_is_one() -> None:
    """The last row fits whatever comes, and needs nothing."""
    last = auto.CHOICES[-1]
    assert last.is_there()
    assert last.fits(auto.Case(None, 0, 0, 0, None, 1))


def test_the_seed_is_handed_on() -> None:
    """`random_state` is what the chosen algorithm draws by."""
    request = a_request(CONTINUUM, settings={"random_state": "5"})
    chosen = find("multivariate-tpe").suggest(request)
    assert AUTO.suggest(request).assignments == chosen.assignments
    assert registry.draws("auto")
