"""The JSON twin over a real home: what it says, and that OpenAPI describes exactly that."""

from __future__ import annotations

import re

import pytest
from pydantic import ConfigDict, TypeAdapter

from munshi.web import openapi, shapes
from munshi.web.routes import ROUTES, Route
from support.web_world import Client

ONE = "/api/experiments/default/random"
ADDRESSES = {"namespace": "default", "name": "random", "trial": "random-a"}
READS = [route for route in (*ROUTES, openapi.PATH) if route.method == "GET" and route.answer]


@pytest.mark.parametrize("route", READS, ids=lambda route: route.path)
def test_answers_have_the_shape_that_openapi_tells(route: Route, looked_at: Client) -> None:
    """Every answer is of its route's shape: no field more or less, none of another type."""
    answer = looked_at.get(route.path.format_map(ADDRESSES))
    assert answer.status == route.status
    assert answer.headers["content-type"] == "application/json"
    shape = route.answer
    if hasattr(shape, "__annotations__"):
        shape.__pydantic_config__ = ConfigDict(extra="forbid")
    TypeAdapter(shape).validate_json(answer.text, strict=True)


def test_openapi_lists_every_route_with_words() -> None:
    """Each route is there under its method with a summary, and every reference leads somewhere."""
    said = openapi.description()
    there = {(method.upper(), path) for path, all_ in said["paths"].items() for method in all_}
    assert there == {(one.method, one.path) for one in (*ROUTES, openapi.PATH)}
    operations = [one for all_ in said["paths"].values() for one in all_.values()]
    assert all(one["summary"].endswith(".") for one in operations)
    assert len({one["operationId"] for one in operations}) == len(operations)
    named = set(re.findall(r"#/components/schemas/(\w+)", str(said)))
    assert named <= set(said["components"]["schemas"])


def test_a_line_of_the_table(looked_at: Client) -> None:
    """The row has the state, the counts, the best value, and the best so far by the suggestions' order."""
    (row,) = looked_at.get("/api/experiments").json["items"]
    assert (row["type"], row["reason"], row["message"]) == (
        "Running",
        "ExperimentRunning",
        "it runs",
    )
    assert row["counts"]["succeeded"] == 4
    assert row["best"] == {"trial": "random-b", "value": 0.9}
    assert row["sparkline"] == [0.7, 0.9, 0.9]
    assert row["objective"] == {"type": "maximize", "metric": "accuracy", "goal": 0.99}


def test_a_namespace_without_experiments_has_no_rows(looked_at: Client) -> None:
    """`?namespace=` narrows the table."""
    assert looked_at.get("/api/experiments?namespace=other").json["items"] == []
    assert len(looked_at.get("/api/experiments?namespace=default").json["items"]) == 1


def test_the_experiment_with_its_best_settings(looked_at: Client) -> None:
    """The best settings come as assignments and as the program's own arguments, the space as written."""
    found = looked_at.get(ONE).json
    assert found["best_assignments"] == {"lr": "0.03"}
    assert found["best_args"] == "--lr=0.03"
    assert found["parameters"][0]["min"] == "0.01"
    assert "kind: Experiment" in found["yaml"]


def test_trials_come_as_columns_in_the_order_of_suggestions(looked_at: Client) -> None:
    """Every column has a cell for each trial; NaN is null."""
    found = looked_at.get(f"{ONE}/trials").json
    assert found["name"] == [f"random-{letter}" for letter in "abcdef"]
    assert found["index"] == [0, 1, 2, 3, 4, 5]
    assert found["objective"] == [0.7, 0.9, 0.8, None, None, None]
    assert found["type"][4:] == ["Failed", "Running"]
    assert found["message"][4] == "exit code 1"
    columns = [found["reason"], found["started"], *found["values"].values()]
    columns += [part for one in found["observed"].values() for part in one.values()]
    assert {len(column) for column in columns} == {6}


def test_an_unchanged_answer_is_not_sent_again(looked_at: Client) -> None:
    """Who has the columns already is told so, by their ETag."""
    tag = looked_at.get(f"{ONE}/trials").headers["etag"]
    again = looked_at.ask("GET", f"{ONE}/trials", {**looked_at.program, "if-none-match": tag})
    assert (again.status, again.body) == (304, b"")


def test_large_answers_are_compressed_for_those_who_can(looked_at: Client) -> None:
    """With `gzip` accepted the same JSON comes compressed; a short answer is sent as it is."""
    able = {**looked_at.program, "accept-encoding": "gzip"}
    plain, packed = looked_at.get("/api/schema"), looked_at.ask("GET", "/api/schema", able)
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.json == plain.json
    assert len(packed.body) < len(plain.body) / 2
    assert "content-encoding" not in looked_at.ask("GET", "/api/session", able).headers


def test_curves_are_by_the_programs_own_steps(looked_at: Client) -> None:
    """A curve has [step, value] pairs, thinned to what was asked for, and says so."""
    found = looked_at.get(f"{ONE}/curves?points=10").json
    curve = found["curves"]["random-a"]
    assert len(curve) <= 10
    assert curve[0] == [1, 0.0]  # one report came without a step, so they are counted
    assert found["thinned"]
    assert "10 points" in found["said"]


def test_series_have_every_report(looked_at: Client) -> None:
    """A trial's values come with number and time; a NaN is null."""
    found = looked_at.get(f"{ONE}/trials/random-a/metrics").json["metrics"]["accuracy"]
    assert found["count"] == len(found["points"]) == 51
    assert found["points"][0] == [1, "2001-09-09T01:46:40Z", 0.0]
    assert found["points"][-1][2] is None


def test_the_story_is_told_of_one_or_all(looked_at: Client) -> None:
    """An experiment's events have its trials' too; a trial's are its own."""
    every = looked_at.get(f"{ONE}/events").json["items"]
    assert [one["reason"] for one in every] == ["ExperimentRunning", "TrialSucceeded"]
    own = looked_at.get(f"{ONE}/trials/random-a").json["events"]
    assert [one["object"] for one in own] == ["random-a"]


def test_few_trials_have_no_importance(looked_at: Client) -> None:
    """Of too few trials it is said that there are too few."""
    found = looked_at.get(f"{ONE}/importance").json
    assert (found["importances"], found["trials"]) == ({}, 3)
    assert "there are 3" in found["said"]


def test_a_failed_trial_says_how_to_run_it_again(looked_at: Client) -> None:
    """Only a trial that may be run once more has a command for it."""
    assert looked_at.get(f"{ONE}/trials/random-e").json["rerun"] == "munshi retry random-e"
    assert looked_at.get(f"{ONE}/trials/random-a").json["rerun"] == ""


ABSENT = {
    "an experiment": ("/api/experiments/default/other", 404),
    "a trial": (f"{ONE}/trials/other", 404),
    "a trial of another experiment": ("/api/experiments/default/other/trials/random-a", 404),
    "an address": ("/api/nothing", 404),
    "a log of a trial that has ended": (f"{ONE}/trials/random-b/log", 404),
    "a number": (f"{ONE}/curves?points=many", 422),
    "a number within limits": (f"{ONE}/curves?points=99999999999999999999999", 422),
}


@pytest.mark.parametrize("case", ABSENT)
def test_what_is_not_there_is_a_sentence(case: str, looked_at: Client) -> None:
    """An answer that cannot be given says why, in the shape of a refusal."""
    path, status = ABSENT[case]
    answer = looked_at.get(path)
    assert answer.status == status
    said = TypeAdapter(shapes.Refusal).validate_json(answer.text, strict=True)
    assert said["error"]["message"]


def test_a_method_that_is_not_there_is_a_sentence(looked_at: Client) -> None:
    """405 comes with a sentence, too."""
    answer = looked_at.ask("DELETE", "/api/session", looked_at.program)
    assert answer.status == 405
    assert "no such method" in answer.json["error"]["message"]


def test_a_log_is_read_on_from_where_it_ended(looked_at: Client) -> None:
    """Parts join without a seam, from the beginning or from the end; what is no UTF-8 is replaced."""
    whole = looked_at.get(f"{ONE}/trials/random-a/log").json
    assert whole["text"].startswith("first line\naccuracy=0.7 ")
    assert (whole["from"], whole["to"], whole["ended"]) == (0, whole["size"], True)
    tail = looked_at.get(f"{ONE}/trials/random-a/log?from=-5").json
    assert tail["from"] == whole["size"] - 5
    assert looked_at.get(f"{ONE}/trials/random-a/log?from={whole['to']}").json["text"] == ""


def test_a_trial_that_runs_may_have_no_log_yet(looked_at: Client) -> None:
    """Nothing is no error while a program may still begin to print."""
    found = looked_at.get(f"{ONE}/trials/random-f/log").json
    assert found == {"from": 0, "to": 0, "size": 0, "ended": False, "text": ""}


def test_the_schema_has_words_for_every_field(looked_at: Client) -> None:
    """An editor finds types, choices and words for what may be written, and no status."""
    found = looked_at.get("/api/schema").json
    spec = found["properties"]["spec"]["properties"]
    assert set(spec["objective"]["properties"]["type"]["enum"]) >= {"minimize", "maximize"}
    assert all(one["description"] for one in spec.values())
    assert "status" not in found["properties"]
    assert "x-kubernetes" not in str(found)


def test_every_algorithm_is_explained(looked_at: Client) -> None:
    """Each has a summary, and each setting its meaning and limits."""
    found = {one["name"]: one for one in looked_at.get("/api/algorithms").json}
    assert all(one["summary"] for one in found.values())
    assert {each["name"] for each in found["tpe"]["settings"]} >= {"gamma", "random_state"}
