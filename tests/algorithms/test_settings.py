"""Algorithm settings."""

from __future__ import annotations

import pytest

from munshi.algorithms import find, known
from munshi.algorithms.settings import RANDOM_STATE, Setting, Word, read, words
from munshi.testing.algorithms import SMALL

SETTINGS = (
    Setting("gamma", "A part.", whole=False, default=0.25, above=0, below=1),
    Setting("count", "How many.", default=24, at_least=1, aliases=("n_COUNT",)),
    RANDOM_STATE,
)


def test_defaults_hold_where_nothing_is_written() -> None:
    """Every setting has a value; None means not set."""
    assert read(SETTINGS, {}) == ({"gamma": 0.25, "count": 24, "random_state": None}, [])


def test_texts_become_numbers() -> None:
    """Values come under the setting's own name, whichever spelling was used."""
    values, faults = read(SETTINGS, {"gamma": "0.5", "n_COUNT": "3", "random_state": "0"})
    assert not faults
    assert values == {"gamma": 0.5, "count": 3, "random_state": 0}
    assert isinstance(values["count"], int)


FAULTY = {
    "a word": ({"gamma": "much"}, ['gamma: "much" is not a number above 0 and below 1']),
    "at the border": ({"gamma": "1"}, ['gamma: "1" is not a number above 0 and below 1']),
    "half a count": ({"count": "1.5"}, ['count: "1.5" is not a whole number of at least 1']),
    "a negative seed": (
        {"random_state": "-1"},
        ['random_state: "-1" is not a whole number of at least 0'],
    ),
    "nothing": ({"count": ""}, ['count: "" is not a whole number of at least 1']),
    "a misspelt name": ({"gama": "0.5"}, ['gama: "gama" is unknown; did you mean "gamma"?']),
    "a name like no other": (
        {"zzz": "1"},
        ['zzz: "zzz" is unknown; known: count, gamma, random_state'],
    ),
    "two spellings at once": (
        {"count": "1", "n_COUNT": "2"},
        ['n_COUNT: is another spelling of "count", which is written too'],
    ),
    "everything at once": ({"gamma": "x", "zzz": "1", "count": "0"}, ["gamma", "zzz", "count"]),
}


@pytest.mark.parametrize("case", FAULTY)
def test_every_fault_is_named_with_its_value_and_limits(case: str) -> None:
    """All faults at once, at the name as it was written."""
    written, starts = FAULTY[case]
    said = [str(fault) for fault in read(SETTINGS, written)[1]]
    assert len(said) == len(starts)
    assert all(line.startswith(start) for line, start in zip(said, starts, strict=True)), said


def test_words_are_texts_within_their_choices() -> None:
    """One of the choices as it is written, or any text that is not empty; the default where nothing is."""
    knows = (
        Word("how", "A way.", ("slow", "fast"), "slow"),
        Word("who", "A name.", aliases=("WHO",)),
    )
    assert words(knows, {}) == {"how": "slow", "who": None}
    assert words(knows, {"how": "fast", "WHO": "me"}) == {"how": "fast", "who": "me"}
    said = [str(fault) for fault in read(knows, {"how": "Fast", "who": " "})[1]]
    assert said == [
        'how: "Fast" is not slow or fast; write one, or leave it out for slow',
        'who: " " is not a name; write one, or leave it out',
    ]


KATIBS = {
    "bayesianoptimization": {
        "base_estimator": "GP",
        "n_initial_points": "10",
        "acq_func": "gp_hedge",
        "acq_optimizer": "auto",
        "random_state": "10",
    },
    "random": {"random_state": "10"},
    "grid": {"random_state": "10"},
    "sobol": {},
    "auto": {"random_state": "10"},
    "cmaes": {"random_state": "10", "sigma": "0.001", "restart_strategy": "none"},
    "hyperband": {"resource_name": "n", "eta": "3", "r_l": "9", "s_max": "2", "current_i": "0"},
    "tpe": {
        "gamma": "0.25",
        "prior_weight": "1.0",
        "n_EI_candidates": "24",
        "random_state": "10",
    },
    "multivariate-tpe": {
        "n_startup_trials": "10",
        "n_ei_candidates": "24",
        "random_state": "10",
    },
}


@pytest.mark.parametrize("name", known())
def test_katibs_settings_are_accepted(name: str) -> None:
    """What was written for Katib's services is understood here."""
    assert find(name).check(SMALL, KATIBS[name], 12) == []
