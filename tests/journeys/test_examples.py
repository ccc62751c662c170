"""The examples and both parts of the tutorial, as a newcomer runs them from the repository's root."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from support.command import ROOT, Munshi

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]
TUTORIAL = ROOT / "examples" / "tfjob-example.yaml"


def test_digits_ends_with_a_table_and_the_best_settings(munshi: Munshi) -> None:
    """`munshi run examples/digits.yaml` succeeds with 12 trials and says what was best."""
    done = munshi("run", "examples/digits.yaml", cwd=ROOT, timeout=300)
    assert done.code == 0, done.err
    assert done.out.count("Succeeded") >= 12
    assert re.search(r"^Best: accuracy=0\.9\d+", done.out, re.MULTILINE)
    assert "12/12 trials: 12 succeeded" in done.err
    best = json.loads(munshi("get", "experiment", "digits", "-o", "json").out)
    assert best["status"]["trialsSucceeded"] == 12


def test_push_is_judged_by_what_it_reports(munshi: Munshi) -> None:
    """`munshi run examples/push.yaml`: 8 trials, each with 20 reports a metric; its prose is not read."""
    done = munshi("run", "examples/push.yaml", cwd=ROOT, timeout=300)
    assert done.code == 0, done.err
    assert "8/8 trials: 8 succeeded" in done.err
    best = json.loads(munshi("best", "push", "-o", "json").out)
    assert float(best["objective"]["value"]) > 0.9
    assert "of the unseen digits are read correctly" in munshi("logs", best["trial"]).out
    reported = json.loads(munshi("metrics", best["trial"], "-o", "json").out)
    steps = [one["step"] for one in reported if one["metric"] == "accuracy"]
    assert steps == list(range(1, 21))


def test_replicas_train_together(munshi: Munshi) -> None:
    """`munshi run examples/replicas.yaml`: 6 trials of 3 processes, each with its share of the digits."""
    done = munshi("run", "examples/replicas.yaml", cwd=ROOT, timeout=300)
    assert done.code == 0, done.err
    assert "6/6 trials: 6 succeeded" in done.err
    best = json.loads(munshi("best", "replicas", "-o", "json").out)
    assert float(best["objective"]["value"]) > 0.95
    said = munshi("logs", best["trial"]).out
    for worker in ("worker-0", "worker-1"):
        said += munshi("logs", best["trial"], "-c", worker).out
    shares = re.findall(r"^rank (\d) of 3 has (\d+) images$", said, re.MULTILINE)
    assert [rank for rank, _ in shares] == ["0", "1", "2"]
    assert sum(int(images) for _, images in shares) == 898


@pytest.mark.tensorflow
def test_the_tutorial_s_first_part_runs_unchanged(munshi: Munshi) -> None:
    """The 2019 manifest, unchanged, gives 12 Succeeded trials with our program mounted in."""
    done = munshi(
        "run", str(TUTORIAL), "--mount", "examples/tf_mnist:/var/tf_mnist", cwd=ROOT, timeout=500
    )
    assert done.code == 0, done.err
    trials = munshi("get", "trials", "-n", "kubeflow").out.splitlines()
    assert trials[0].split() == ["NAME", "TYPE", "STATUS", "AGE"]
    assert all(row.split()[1:3] == ["Succeeded", "True"] for row in trials[1:])
    assert len(trials) == 13 or "ExperimentGoalReached" in done.out
    experiments = munshi("get", "experiments", "-n", "kubeflow").out.splitlines()
    assert experiments[1].split()[:2] == ["tfjob-example", "Succeeded"]
    best = json.loads(munshi("best", "tfjob-example", "-n", "kubeflow", "-o", "json").out)
    assert "accuracy_1" in json.dumps(best)
    log = munshi("logs", trials[1].split()[0], "-n", "kubeflow").out
    assert "Accuracy at step" in log


def test_the_tutorial_s_cut_off_template_is_refused(munshi: Munshi, tmp_path: Path) -> None:
    """A rawTemplate that stops after `with` exits 2 with the block, its line and what is missing."""
    text = (ROOT / "examples" / "cnn-accuracy2.yaml").read_text()
    opening = "{{- with .HyperParameters}}"
    cut = text[: text.index(opening) + len(opening)] + "\n"
    broken = tmp_path / "cnn.yaml"
    broken.write_text(cut)
    line = next(at for at, said in enumerate(cut.splitlines(), 1) if opening in said)
    done = munshi("run", str(broken), "--mount", "examples/tf_cnn:/var/tf_cnn", cwd=ROOT)
    assert done.code == 2
    assert f"cnn.yaml:{line}:" in done.err
    assert opening in done.err
    for missing in ("{{- range .}}", '- "{{.Name}}={{.Value}}"', "{{- end}}"):
        assert missing in done.err
    assert "Traceback" not in done.err
    pasted = "\n".join(done.err.splitlines()[1:])
    broken.write_text(cut + pasted + "\n")
    assert munshi("validate", str(broken)).code == 0, "the printed lines complete the file"


@pytest.mark.tensorflow
def test_the_tutorial_s_second_part_tunes_a_cnn(munshi: Munshi) -> None:
    """12 trials, 3 at a time, all write to the hard-coded /train; Korean goes in and comes out."""
    before = Path("/train").exists()
    done = munshi(
        "run",
        "examples/cnn-accuracy2.yaml",
        "--mount",
        "examples/tf_cnn:/var/tf_cnn",
        cwd=ROOT,
        timeout=500,
    )
    assert done.code == 0, done.err
    assert Path("/train").exists() == before, "nothing appears in the host's /"
    rows = munshi("get", "trials", "-n", "kubeflow", "-o", "json").out
    trials = json.loads(rows)["items"]
    assert len(trials) == 12
    for trial in trials:
        (metric,) = trial["status"]["observation"]["metrics"]
        assert metric["name"] == "accuracy"
        assert float(metric["max"]) > 0.5
    distinct = {trial["status"]["observation"]["metrics"][0]["max"] for trial in trials}
    assert len(distinct) > 6, "every trial is judged by its own events"
    log = munshi("logs", trials[0]["metadata"]["name"], "-n", "kubeflow").out
    assert "손글씨 숫자 합성곱 신경망" in log
