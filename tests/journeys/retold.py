"""A search told again from what is written on its trials (ADR 0006): the algorithm is asked once more.

Each trial says which results the algorithm saw at its suggestion for the first time. With those of all
earlier ones that is what was known; every other earlier suggestion was pending. The same question must
get the same answer, whoever was killed between question and answer.
"""

from __future__ import annotations

from typing import Any

from journeys import witness
from journeys.world import World
from munshi import algorithms, space
from munshi.algorithms import Pending, Request, Result
from munshi.api.experiment import Experiment


def findings(world: World) -> list[str]:
    """Suggestions that the written history does not explain, one sentence each."""
    (stored,) = witness.objects(world, "Experiment")
    (suggestion,) = witness.objects(world, "Suggestion")
    trials = witness.objects(world, "Trial")
    by_name = {trial["metadata"]["name"]: trial for trial in trials}
    known: list[str] = []
    found = []
    for number, trial in enumerate(trials):
        news = trial["metadata"]["annotations"].get(witness.NEWS, "")
        known += [name for name in news.split(",") if name]
        if missing := [name for name in known if name not in by_name]:
            found.append(f"suggestion {number} knew {missing}, which are not there")
            continue
        if early := [name for name in known if witness.index(by_name[name]) >= number]:
            found.append(f"suggestion {number} knew the results of {early} before they were begun")
        results = [by_name[name] for name in known]
        pending = [one for one in trials[:number] if one["metadata"]["name"] not in known]
        request = _request(stored, suggestion, results, pending, number)
        algorithm = algorithms.find(suggestion["spec"]["algorithm"]["algorithmName"])
        (again,) = algorithm.suggest(request).assignments
        if dict(again) != witness.settings(trial):
            found.append(f"suggestion {number} is {witness.settings(trial)}, retold {dict(again)}")
    if len(set(known)) != len(known):
        found.append(f"a result was new twice: {known}")
    return found


def _request(
    stored: dict[str, Any],
    suggestion: dict[str, Any],
    results: list[dict[str, Any]],
    pending: list[dict[str, Any]],
    number: int,
) -> Request:
    said = suggestion["spec"]["algorithm"].get("algorithmSettings", [])
    drawn = suggestion["status"].get("algorithmSettings", [])
    seed = next((one["value"] for one in drawn if one["name"] == "random_state"), "0")
    return Request(
        space=space.read(Experiment.model_validate(stored).spec.parameters),
        maximize=True,
        settings={one["name"]: one["value"] for one in said},
        seed=int(seed),
        results=tuple(
            Result(witness.settings(one), witness.score(one), witness.index(one)) for one in results
        ),
        pending=tuple(Pending(witness.settings(one), witness.index(one)) for one in pending),
        first_index=number,
        count=1,
        max_trial_count=stored["spec"]["maxTrialCount"],
    )
