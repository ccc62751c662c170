"""Algorithms that services answer for, before admission."""

from __future__ import annotations

import pytest

from admission.builders import changed
from munshi.admission import Served, admit
from munshi.api.wire import Json
from munshi.errors import Invalid


def of_mine() -> Json:
    """An Experiment whose algorithm munshi does not know, with a setting it does not know either."""
    settings = [{"name": "width", "value": "0.1"}]
    return changed({"spec.algorithm": {"algorithmName": "mine", "algorithmSettings": settings}})


def test_a_name_that_nobody_answers_for_is_refused() -> None:
    """As any unknown algorithm."""
    with pytest.raises(Invalid, match="mine"):
        admit(of_mine())


def test_a_name_that_a_service_answers_for_is_admitted() -> None:
    """With its settings, which are for the service to judge."""
    experiment = admit(of_mine(), served=Served(algorithms=("mine",))).experiment
    assert experiment.spec.algorithm is not None
    assert experiment.spec.algorithm.settings == {"width": "0.1"}


def test_what_every_algorithm_needs_is_judged_all_the_same() -> None:
    """A space without parameters, a setting written twice."""
    twice = [{"name": "a", "value": "1"}, {"name": "a", "value": "2"}]
    document = changed(
        {
            "spec.algorithm": {"algorithmName": "mine", "algorithmSettings": twice},
            "spec.parameters": [],
        }
    )
    with pytest.raises(Invalid) as refusal:
        admit(document, served=Served(algorithms=("mine",)))
    fields = {fault.field for fault in refusal.value.faults}
    assert {"spec.parameters", "spec.algorithm.algorithmSettings[1].name"} <= fields


def test_early_stopping_of_a_service_is_admitted() -> None:
    """The names of algorithms and of early stopping are told apart."""
    document = changed({"spec.earlyStopping": {"algorithmName": "theirs"}})
    with pytest.raises(Invalid, match="theirs"):
        admit(document, served=Served(algorithms=("theirs",)))
    assert admit(document, served=Served(early_stopping=("theirs",))).experiment.spec.early_stopping
