"""Made-up tunings whose parameters are of all kinds, and whose optimum is known.

Shaped after what tuning looks like: a learning rate whose best value depends on the optimiser, a
grid of steps and lists, nothing but categories that act in pairs, rates across many decades.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from benchmarks.quality.functions import hartmann3
from benchmarks.quality.problem import Problem, Values

_OPTIMISERS = {
    "sgd": (-1.0, 0.25),
    "momentum": (-2.0, 0.1),
    "adam": (-3.2, 0.0),
    "rmsprop": (-3.5, 0.06),
}
"""The optimiser's best learning rate (log10), and how far it stays behind the best optimiser."""


def training(values: Values) -> float:
    """A validation error: learning rate by optimiser and batch size, width against dropout."""
    at, behind = _OPTIMISERS[values["optimizer"]]
    shift = 0.3 * math.log2(values["batch"] / 64) / math.log2(8)  # larger batches want larger steps
    rate = (math.log10(values["lr"]) - at - shift) ** 2
    width = (values["layers"] - 5) ** 2 / 40
    dropout = (values["dropout"] - 0.05 * values["layers"]) ** 2
    batch = 0.02 * math.log2(values["batch"] / 64) ** 2
    return float(behind + 0.15 * rate + width + dropout + batch)


def stepped(values: Values) -> float:
    """Hartmann's function of three dimensions on a step, a range of ints and a list."""
    return hartmann3(np.array([values["a"] / 20, values["b"] / 1000, values["c"]]))


_WORDS = (5, 4, 6, 3, 4)
_RNG = np.random.Generator(np.random.PCG64(20_11))
_ALONE = [_RNG.normal(size=count) for count in _WORDS]
_PAIRS = [_RNG.normal(size=(a, b)) for a, b in pairwise(_WORDS)]


def words(values: Values) -> float:
    """Five categories: each has its worth, and so has each pair of neighbours."""
    k = [int(values[f"w{i}"][1:]) for i in range(len(_WORDS))]
    alone = sum(float(worth[one]) for worth, one in zip(_ALONE, k, strict=True))
    pairs = sum(float(worth[k[i], k[i + 1]]) for i, worth in enumerate(_PAIRS))
    return alone + pairs


def decades(values: Values) -> float:
    """Four rates across eight decades, two of which must agree, and one hardly matters."""
    a, b, c, d = (math.log10(values[name]) for name in ("a", "b", "c", "d"))
    return (a + 3) ** 2 / 4 + (a - b - 1.5) ** 2 + abs(c + 6) / 2 + (d + 2) ** 2 / 100


PROBLEMS = (
    Problem(
        "training",
        {
            "lr": (1e-6, 1.0, "log"),
            "batch": (8, 512, "log"),
            "layers": (1, 12),
            "dropout": (0.0, 0.8),
            "optimizer": list(_OPTIMISERS),
        },
        training,
        0.0,
    ),
    Problem(
        "stepped",
        {
            "a": range(21),
            "b": range(0, 1001, 25),
            "c": [0.0, 0.1, 0.2, 0.35, 0.5, 0.65, 0.75, 0.82, 0.85, 0.88, 0.95, 1.0],
        },
        stepped,
        -3.860968291407312,
    ),
    Problem(
        "words",
        {f"w{i}": [f"v{k}" for k in range(count)] for i, count in enumerate(_WORDS)},
        words,
        -5.883640835483513,
    ),
    Problem("decades", dict.fromkeys("abcd", (1e-8, 1.0, "log")), decades, 0.0),
)
