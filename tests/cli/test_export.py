"""`munshi export`: one row a trial, safe to open and exact to compute with."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.api.common import Metric, Observation, ParameterType
from munshi.api.experiment import Experiment
from munshi.api.meta import INDEX_ANNOTATION
from munshi.api.trial import Trial
from munshi.cli import export
from support.cli_world import World, a_trial, ago, an_experiment

from .conftest import Munshi

HEAD = [
    *("name", "state", "reason", "index", "attempts", "start", "end", "duration_s", "objective"),
    *("parameter.lr", "metric.accuracy.min", "metric.accuracy.max", "metric.accuracy.latest"),
]


def numbered(trial: Trial, index: int) -> Trial:
    """With its place among the suggestions."""
    meta = trial.metadata.model_copy(update={"annotations": {INDEX_ANNOTATION: str(index)}})
    return trial.model_copy(update={"metadata": meta})


@pytest.fixture(autouse=True)
def objects(world: World) -> None:
    """Three trials, one without a result and one that has not begun."""
    world.holds(
        an_experiment("random"),
        numbered(a_trial("random-z", "Succeeded", accuracy="0.97", lr="0.02"), 0),
        numbered(a_trial("random-a", "Failed", message="exit code 1", lr="-0.5"), 1),
        numbered(a_trial("random-b", lr="1e-05"), 10),
    )


def test_csv_has_a_row_for_each_trial(munshi: Munshi) -> None:
    """In suggestion order, texts as given, nothing where there is nothing."""
    result = munshi("export", "random")
    assert result.exit_code == 0
    head, *rows = csv.reader(io.StringIO(result.stdout))
    assert head == HEAD
    times = ["2026-01-31T11:58:20Z", "2026-01-31T11:58:30Z", "10.0"]
    assert rows == [
        [
            "random-z",
            "Succeeded",
            "TrialSucceeded",
            "0",
            "0",
            *times,
            "0.97",
            "0.02",
            *["0.97"] * 3,
        ],
        ["random-a", "Failed", "TrialFailed", "1", "0", *times, "", "-0.5", "", "", ""],
        ["random-b", "Pending", "", "10", "0", "", "", "", "", "1e-05", "", "", ""],
    ]


def test_json_has_numbers(munshi: Munshi) -> None:
    """Numbers are numbers and what is not there is null."""
    first, second, third = json.loads(munshi("export", "exp/random", "-o", "json").stdout)
    assert first["parameters"] == {"lr": 0.02}
    assert first["metrics"] == {"accuracy": {"min": 0.97, "max": 0.97, "latest": 0.97}}
    assert (first["objective"], first["duration_s"], first["index"]) == (0.97, 10.0, 0)
    assert (second["objective"], second["metrics"]) == (None, {})
    assert (third["start"], third["end"], third["duration_s"]) == (None, None, None)


def test_a_file_instead_of_the_screen(munshi: Munshi, tmp_path: Path) -> None:
    """`--file` holds the very same; a path that cannot be written is a sentence."""
    said = munshi("export", "random").stdout
    result = munshi("export", "random", "--file", str(tmp_path / "out.csv"))
    assert (result.exit_code, result.stdout) == (0, "")
    assert (tmp_path / "out.csv").read_text("utf-8") == said
    refused = munshi("export", "random", "--file", str(tmp_path))
    assert "cannot be written" in str(refused.exception)


DANGEROUS = [
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    " =1",
    "\r=1",
    "-",
    "+-1",
    "\uff1d1",
]
NUMBERS = ["-0.5", "+1", "-1e-05", "-.5", "-5.", "-inf", "nan", "0x", "1+1", "a=b", "가", ""]


@pytest.mark.parametrize("text", DANGEROUS)
def test_formulas_are_made_harmless(text: str) -> None:
    """A cell that a spreadsheet would compute begins with a quote."""
    assert export._guarded(text) == f"'{text}"


@pytest.mark.parametrize("text", NUMBERS)
def test_numbers_and_plain_text_stay(text: str) -> None:
    """Negative numbers stay numbers."""
    assert export._guarded(text) == text


@given(st.floats(allow_nan=False))
def test_no_number_is_quoted(value: float) -> None:
    """Whatever Python prints for a float is left alone."""
    assert export._guarded(repr(value)) == repr(value)


def odd(value: str, latest: str, kind: ParameterType) -> tuple[Experiment, Trial]:
    """An experiment whose only parameter and metric have odd texts."""
    owner = an_experiment()
    parameters = (owner.spec.parameters[0].model_copy(update={"parameter_type": kind}),)
    spec = owner.spec.model_copy(update={"parameters": parameters})
    trial = a_trial("t", "Succeeded", accuracy=latest, lr=value)
    return owner.model_copy(update={"spec": spec}), trial


def test_odd_texts_survive() -> None:
    """NaN and infinity are text in JSON, categories are never numbers, formulas are guarded in CSV only."""
    owner, trial = odd("=1", "nan", ParameterType.CATEGORICAL)
    entry = export.entry(owner, trial)
    assert entry["parameters"] == {"lr": "=1"}
    assert entry["metrics"] == {"accuracy": {"min": "nan", "max": "nan", "latest": "nan"}}
    assert "'=1" in export.written(owner, [trial], [entry])
    owner, trial = odd("007", "unavailable", ParameterType.CATEGORICAL)
    entry = export.entry(owner, trial)
    assert entry["parameters"] == {"lr": "007"}
    assert entry["metrics"] == {"accuracy": {"min": None, "max": None, "latest": None}}
    assert export.entry(*odd("58", "1", ParameterType.INT))["parameters"] == {"lr": 58}
    assert export.entry(*odd("many", "1", ParameterType.DOUBLE))["parameters"] == {"lr": "many"}


def test_metrics_that_nobody_asked_for_have_columns_too() -> None:
    """Behind those of the objective, in the order in which they come up; commas and quotes are kept."""
    owner, trial = odd('a,"b"\nc', "0.5", ParameterType.CATEGORICAL)
    more = Metric(name="loss,x", min="1", max="2", latest="1.5")
    assert trial.status.observation is not None
    seen = Observation(metrics=(*trial.status.observation.metrics, more))
    status = trial.status.model_copy(update={"observation": seen, "start_time": ago(5)})
    trial = trial.model_copy(update={"status": status})
    text = export.written(owner, [trial], [export.entry(owner, trial)])
    [row] = csv.DictReader(io.StringIO(text))
    assert row["metric.loss,x.max"] == "2"
    assert row["parameter.lr"] == 'a,"b"\nc'
