"""The algorithms that need no setting keep the contract that ships in munshi.testing."""

from __future__ import annotations

from typing import ClassVar

from munshi.algorithms import find
from munshi.testing.algorithms import AlgorithmContract


class TestRandom(AlgorithmContract):
    """Random search."""

    algorithm = find("random")


class TestGrid(AlgorithmContract):
    """Grid search in odometer order."""

    algorithm = find("grid")


class TestShuffledGrid(TestGrid):
    """Grid search with a seed."""

    settings: ClassVar = {"random_state": "3"}


class TestSobol(AlgorithmContract):
    """The classical sequence."""

    algorithm = find("sobol")


class TestShiftedSobol(TestSobol):
    """The sequence with a random digital shift."""

    settings: ClassVar = {"random_state": "3"}


class TestTpe(AlgorithmContract):
    """One Parzen window for each parameter, modelling from the sixth result on."""

    algorithm = find("tpe")

    settings: ClassVar = {"n_startup_trials": "6"}


class TestTpeFromTheStart(TestTpe):
    """Modelling even before the first result."""

    settings: ClassVar = {"n_startup_trials": "0", "gamma": "0.25", "n_EI_candidates": "5"}


class TestMultivariateTpe(TestTpe):
    """One Parzen window for all parameters."""

    algorithm = find("multivariate-tpe")


class TestMultivariateTpeFromTheStart(TestTpeFromTheStart):
    """One window for all, before the first result."""

    algorithm = find("multivariate-tpe")


class TestBayesianOptimization(AlgorithmContract):
    """A Gaussian process from the sixth result on."""

    algorithm = find("bayesianoptimization")
    settings: ClassVar = {"n_initial_points": "6"}


class TestBayesianOptimizationByLot(TestBayesianOptimization):
    """All acquisitions by lot, found by sampling."""

    settings: ClassVar = {
        "n_initial_points": "2",
        "acq_func": "gp_hedge",
        "acq_optimizer": "sampling",
    }


class TestForest(TestBayesianOptimization):
    """A random forest as the model."""

    settings: ClassVar = {"n_initial_points": "12", "base_estimator": "RF"}


class TestCmaEs(AlgorithmContract):
    """CMA-ES; its generations are of four to nine results here."""

    algorithm = find("cmaes")


class TestCmaEsWithRestarts(TestCmaEs):
    """Starting wide, and anew when it has converged."""

    settings: ClassVar = {"sigma": "0.5", "restart_strategy": "bipop", "random_state": "3"}


class TestAuto(AlgorithmContract):
    """Whatever it picks."""

    algorithm = find("auto")
