"""The verbs that read: get, describe, best, logs, metrics; and delete."""

from __future__ import annotations

import json

import pytest

from munshi.api import source
from munshi.api.experiment import GoTemplate, TrialParameter, TrialTemplate
from munshi.cli import arguments
from munshi.metrics.log import MetricLog
from support.cli_world import World, a_suggestion, a_trial, an_experiment, condition

from .conftest import Munshi

BEST = a_trial("random-x7", "Succeeded", accuracy="0.9722", lr="0.02")


@pytest.fixture(autouse=True)
def objects(world: World) -> None:
    """Two Experiments, one in kubeflow, with a few Trials."""
    world.holds(
        an_experiment("random", condition("Running"), best=BEST),
        an_experiment("tpe", condition("Running"), namespace="kubeflow"),
        BEST,
        a_trial("random-a1", "Failed", message="exit code 1"),
        a_suggestion(),
    )


def test_get_lists_one_namespace(munshi: Munshi) -> None:
    """Without -n the namespace is `default`."""
    result = munshi("get", "experiments")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "NAME     TYPE      STATUS   AGE\nrandom   Running   True     2m10s\n"


@pytest.mark.parametrize(
    "word", ["experiments", "experiment", "exp", "EXP", "experiments.kubeflow.org"]
)
def test_kinds_have_short_names(munshi: Munshi, word: str) -> None:
    """Plural, singular, short and full names mean the same kind."""
    assert munshi("get", word, "-o", "name").stdout == "experiment.kubeflow.org/random\n"


def test_get_everywhere(munshi: Munshi) -> None:
    """-A shows the namespace first."""
    lines = munshi("get", "exp", "-A").stdout.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [["default", "random"], ["kubeflow", "tpe"]]


def test_names_that_were_printed_are_understood(munshi: Munshi) -> None:
    """What -o name prints can be given back."""
    assert munshi("get", "trial.kubeflow.org/random-x7", "-o", "name").exit_code == 0


def test_nothing_there_is_fine(munshi: Munshi) -> None:
    """An empty list is no error; the sentence goes to stderr."""
    result = munshi("get", "trials", "-n", "empty")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "No resources found in empty namespace.\n"


MISSES = {
    "a slip of the finger": (["get", "exp", "randm"], 'did you mean "random"?'),
    "another namespace": (["get", "exp", "tpe"], "add -n kubeflow"),
    "a trial's log": (["logs", "random-x8"], 'did you mean "random-x7"?'),
    "a trial's values": (["metrics", "random-x8"], 'did you mean "random-x7"?'),
    "a description": (["describe", "trial", "random-x8"], 'did you mean "random-x7"?'),
    "a best trial": (["best", "randm"], 'did you mean "random"?'),
    "an experiment's log": (["logs", "random"], "its best one: munshi logs random-x7"),
    "a deletion": (["delete", "exp", "randm"], 'did you mean "random"?'),
}


@pytest.mark.parametrize(("words", "advice"), MISSES.values(), ids=MISSES.keys())
def test_not_found_helps(munshi: Munshi, words: list[str], advice: str) -> None:
    """What is not there is an answer with the nearest thing that is."""
    result = munshi(*words)
    said = result.stderr or str(result.exception)
    assert result.exit_code != 0
    assert advice in said


def test_found_ones_are_shown_beside_missing_ones(munshi: Munshi) -> None:
    """One missing name hides no other; the exit code is 4."""
    result = munshi("get", "exp", "random", "nope", "-o", "name")
    assert result.exit_code == 4
    assert result.stdout == "experiment.kubeflow.org/random\n"


def test_json_is_the_kubernetes_form(munshi: Munshi) -> None:
    """One name gives the object, a listing gives a List."""
    one = json.loads(munshi("get", "exp", "random", "-o", "json").stdout)
    many = json.loads(munshi("get", "exp", "-A", "-o", "json").stdout)
    assert (one["apiVersion"], one["kind"]) == ("kubeflow.org/v1beta1", "Experiment")
    assert (many["kind"], [item["metadata"]["name"] for item in many["items"]]) == (
        "List",
        ["random", "tpe"],
    )


def test_yaml_is_the_same_as_json(munshi: Munshi) -> None:
    """Both forms hold the same object."""
    text = munshi("get", "tr", "random-x7", "-o", "yaml").stdout
    same = json.loads(munshi("get", "tr", "random-x7", "-o", "json").stdout)
    assert source.read(text)[0].value == same


def test_labels_select(munshi: Munshi) -> None:
    """-l keeps the objects that carry the label."""
    chosen = munshi("get", "tr", "-l", "katib.kubeflow.org/experiment=random", "-o", "name").stdout
    none = munshi("get", "tr", "-l", "katib.kubeflow.org/experiment!=random", "-o", "name").stdout
    assert (len(chosen.splitlines()), none) == (2, "")


MISUSES = {
    "no kind": ["get"],
    "an unknown kind": ["get", "pods"],
    "a name and every namespace": ["get", "exp", "random", "-A"],
    "kinds mixed": ["get", "exp/random", "tr/random-x7"],
    "a kind without a name": ["get", "exp/"],
    "a selector without a label": ["get", "exp", "-l", "=x"],
    "a deletion without names": ["delete", "exp"],
    "a deletion of a suggestion": ["delete", "sug", "random"],
}


@pytest.mark.parametrize("words", MISUSES.values(), ids=MISUSES.keys())
def test_misuse_is_2(munshi: Munshi, words: list[str]) -> None:
    """A command line that makes no sense ends with 2."""
    assert munshi(*words).exit_code == 2


def test_describe_shows_why_trials_failed(munshi: Munshi, world: World) -> None:
    """An Experiment's description ends with its failed trials' reasons and last lines."""
    world.prints(a_trial("random-a1"), b"start\nValueError: \xff no lr\n")
    text = munshi("describe", "exp", "random").stdout
    assert "TrialFailed: exit code 1" in text
    assert "    | ValueError: \\xff no lr\n" in text
    assert "maximize accuracy, goal 0.99" in text


def test_best_in_every_form(munshi: Munshi) -> None:
    """Text for people, JSON for programs, arguments for the shell."""
    assert (
        munshi("best", "random").stdout
        == "trial      random-x7\naccuracy   0.9722\nlr         0.02\n"
    )
    assert json.loads(munshi("best", "random", "-o", "json").stdout) == {
        "trial": "random-x7",
        "objective": {"name": "accuracy", "value": "0.9722"},
        "parameters": {"lr": "0.02"},
    }
    assert munshi("best", "random", "-o", "args").stdout == "--lr=0.02\n"


def test_no_best_yet(munshi: Munshi) -> None:
    """Before any objective was reported there is none, and the answer says where to look."""
    result = munshi("best", "tpe", "-n", "kubeflow")
    assert "no best trial yet" in str(result.exception)


def template(*words: str) -> TrialTemplate:
    """A template whose container has these arguments; parameters are lr and n."""
    return TrialTemplate(
        trial_spec={"spec": {"containers": [{"command": ["python"], "args": list(words)}]}},
        trial_parameters=tuple(TrialParameter(name=n, reference=n) for n in ("lr", "n")),
    )


FORMS = {
    "a flag and its value in one word": (
        ["--lr=${trialParameters.lr}", "-n${trialParameters.n}"],
        ["--lr=0.1", "-n2"],
    ),
    "a flag before its value": (
        ["--lr", "${trialParameters.lr}", "${trialParameters.n}"],
        ["--lr", "0.1", "2"],
    ),
    "a shell's script": (
        ["-c", "python t.py --lr=${trialParameters.lr} '--n=${trialParameters.n}' | tee x"],
        ["--lr=0.1", "--n=2"],
    ),
    "a parameter that is no argument": (["--lr=${trialParameters.lr}"], None),
}


@pytest.mark.parametrize(("words", "expected"), FORMS.values(), ids=FORMS.keys())
def test_arguments_follow_the_template(words: list[str], expected: list[str] | None) -> None:
    """Settings are printed as the template gives them to the program, or not as arguments at all."""
    assert arguments.of(template(*words), {"lr": "0.1", "n": "2"}) == expected


def test_arguments_of_old_templates() -> None:
    """v1alpha3's loop over the parameters gives the form; so does a name that is the flag itself."""
    loop = "args:\n{{- range .}}\n- '--{{.Name}}={{.Value}}'\n{{- end}}"
    bare = 'args:\n{{- range .}}\n- "{{.Name}}={{.Value}}"\n{{- end}}'
    old = [TrialTemplate(go_template=GoTemplate(raw_template=text)) for text in (loop, bare)]
    assert arguments.of(old[0], {"lr": "0.1"}) == ["--lr=0.1"]
    assert arguments.of(old[1], {"--lr": "0.1"}) == ["--lr=0.1"]


def test_arguments_are_quoted() -> None:
    """A value with blanks stays one word of the shell."""
    assert arguments.line(["--name=a b", "--lr=1"]) == "'--name=a b' --lr=1"


def test_logs_are_raw_bytes(munshi: Munshi, world: World) -> None:
    """What a program wrote comes out byte for byte when there is no terminal."""
    text = b"one\r\n\xff\x00\x1b[31m two\nthree"
    world.prints(BEST, text)
    assert munshi("logs", "random-x7").stdout_bytes == text
    assert munshi("logs", "trial/random-x7", "--tail", "2").stdout_bytes == text[5:]
    assert munshi("logs", "random-x7", "--tail", "0").stdout_bytes == b""


def test_no_output_yet(munshi: Munshi) -> None:
    """A trial that wrote nothing is answered with where to look."""
    assert "has no output yet" in str(munshi("logs", "random-x7").exception)


def test_metrics_in_every_form(munshi: Munshi, world: World) -> None:
    """Values come in the order of the log, with their times, as a table, CSV and JSON."""
    first = MetricLog("accuracy", "0.5", 1_769_860_800_000_000_000, 1)
    second = MetricLog("accuracy", "nan", 1_769_860_801_500_000_000)
    world.values["uid-random-x7"] = [first, second]
    assert munshi("metrics", "random-x7").stdout == (
        "TIME                     METRIC     VALUE   STEP\n"
        "2026-01-31T12:00:00Z     accuracy   0.5     1\n"
        "2026-01-31T12:00:01.5Z   accuracy   nan     -\n"
    )
    assert munshi("metrics", "random-x7", "-o", "csv").stdout == (
        "time,metric,value,step\n"
        "2026-01-31T12:00:00Z,accuracy,0.5,1\n"
        "2026-01-31T12:00:01.5Z,accuracy,nan,\n"
    )
    assert json.loads(munshi("metrics", "random-x7", "-o", "json").stdout)[1] == {
        "time": "2026-01-31T12:00:01.5Z",
        "metric": "accuracy",
        "value": "nan",
    }


def test_no_metrics_yet(munshi: Munshi) -> None:
    """A trial without values says which metric was awaited, on stderr."""
    result = munshi("metrics", "random-x7")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "no value of accuracy yet" in result.stderr


def test_delete(munshi: Munshi, world: World) -> None:
    """What was deleted is named as kubectl names it, and is gone."""
    result = munshi("delete", "experiment", "random")
    assert (result.exit_code, result.stdout) == (0, 'experiment.kubeflow.org "random" deleted\n')
    assert [one.name for one in world.objects if one.kind == "Experiment"] == ["tpe"]
    assert munshi("delete", "experiment", "random", "--ignore-not-found").exit_code == 0
