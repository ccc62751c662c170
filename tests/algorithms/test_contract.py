"""All five algorithms keep the contract that ships in munshi.testing."""

from __future__ import annotations

from munshi.algorithms import Algorithm, find
from munshi.testing.algorithms import AlgorithmContract


class TestRandom(AlgorithmContract):
    """Random search."""

    def algorithm(self) -> Algorithm:
        return find("random")


class TestGrid(AlgorithmContract):
    """Grid search in odometer order."""

    def algorithm(self) -> Algorithm:
        return find("grid")


class TestShuffledGrid(TestGrid):
    """Grid search with a seed."""

    def settings(self) -> dict[str, str]:
        return {"random_state": "3"}


class TestSobol(AlgorithmContract):
    """The classical sequence."""

    def algorithm(self) -> Algorithm:
        return find("sobol")


class TestShiftedSobol(TestSobol):
    """The sequence with a random digital shift."""

    def settings(self) -> dict[str, str]:
        return {"random_state": "3"}


class TestTpe(AlgorithmContract):
    """One Parzen window for each parameter, modelling from the sixth result on."""

    def algorithm(self) -> Algorithm:
        return find("tpe")

    def settings(self) -> dict[str, str]:
        return {"n_startup_trials": "6"}


class TestTpeFromTheStart(TestTpe):
    """Modelling even before the first result."""

    def settings(self) -> dict[str, str]:
        return {"n_startup_trials": "0", "gamma": "0.25", "n_EI_candidates": "5"}


class TestMultivariateTpe(TestTpe):
    """One Parzen window for all parameters."""

    def algorithm(self) -> Algorithm:
        return find("multivariate-tpe")


class TestMultivariateTpeFromTheStart(TestTpeFromTheStart):
    """One window for all, before the first result."""

    def algorithm(self) -> Algorithm:
        return find("multivariate-tpe")
