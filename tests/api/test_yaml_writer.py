"""Writing YAML: how it looks, and that it reads back."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.api import source, yaml_writer
from munshi.api.wire import Json
from munshi.errors import Invalid
from support.json_values import json_values, same


def test_an_experiment_as_people_write_it() -> None:
    """Keys in their order, lists flush with their key, long text as a block, numbers in text quoted."""
    value: Json = {
        "kind": "Experiment",
        "apiVersion": "kubeflow.org/v1beta1",
        "metadata": {"name": "손글씨-1", "labels": {}},
        "spec": {
            "parameters": [
                {"name": "lr", "feasibleSpace": {"min": "0.01", "max": "0.05"}},
                {"name": "opt", "feasibleSpace": {"list": ["sgd", "yes", "adam: w"]}},
            ],
            "goal": 0.99,
            "resumePolicy": None,
            "command": ["sh", "-c", "echo '한글'\necho \"$HOME\"\n", "--lr=${trialParameters.lr}"],
            "matrix": [[1, 2], [], [{"a": [True]}]],
            "regex": "([\\w|-]+)\\s*=\\s*(.*)",
        },
    }
    assert yaml_writer.write(value) == (
        """\
kind: Experiment
apiVersion: kubeflow.org/v1beta1
metadata:
  name: 손글씨-1
  labels: {}
spec:
  parameters:
  - name: lr
    feasibleSpace:
      min: "0.01"
      max: "0.05"
  - name: opt
    feasibleSpace:
      list:
      - sgd
      - "yes"
      - "adam: w"
  goal: 0.99
  resumePolicy: null
  command:
  - sh
  - -c
  - |
    echo '한글'
    echo "$HOME"
  - --lr=${trialParameters.lr}
  matrix:
  - - 1
    - 2
  - []
  - - a:
      - true
  regex: ([\\w|-]+)\\s*=\\s*(.*)
"""
    )


TEXTS: dict[str, tuple[str, str]] = {
    "a word is plain": ("sgd", "sgd\n"),
    "no text is a pair of quotes": ("", '""\n'),
    "a truth value of YAML is quoted": ("Off", '"Off"\n'),
    "a number is quoted": ("1e-5", '"1e-5"\n'),
    "an octal is quoted": ("017", '"017"\n'),
    "a date is quoted for other readers": ("2026-01-31", '"2026-01-31"\n'),
    "a time is quoted for other readers": ("12:30", '"12:30"\n'),
    "an address is plain": ("docker.io/munshi:latest", "docker.io/munshi:latest\n"),
    "a comment sign inside a word is plain": ("a#b", "a#b\n"),
    "a comment sign behind a blank is quoted": ("a #b", '"a #b"\n'),
    "a last colon is quoted": ("a:", '"a:"\n'),
    "blanks at the ends are quoted": (" a ", '" a "\n'),
    "quotes and backslashes go into single quotes": ('"\\d"', "'\"\\d\"'\n"),
    "unless a single quote is among them": ("'\\d'", "\"'\\\\d'\"\n"),
    "a document mark is quoted": ("---", '"---"\n'),
    "a merge sign is quoted": ("<<", '"<<"\n'),
    "a template is quoted": ("{{.Trial}}", '"{{.Trial}}"\n'),
    "control characters are escaped": ("a\x07\x85\ufeff", '"a\\x07\\x85\\uFEFF"\n'),
    "lines without a last break": ("a\nb", "|-\n  a\n  b\n"),
    "lines with several last breaks": ("a\n\n", "|+\n  a\n\n"),
    "lines that begin with a blank": (" a\nb\n", "|2\n   a\n  b\n"),
    "nothing but breaks is escaped": ("\n\n", '"\\n\\n"\n'),
    "lines that YAML would rewrite are escaped": ("a\r\nb", '"a\\r\\nb"\n'),
}


@pytest.mark.parametrize("sentence", TEXTS)
def test_texts(sentence: str) -> None:
    """Text is written as its sentence says."""
    text, written = TEXTS[sentence]
    assert yaml_writer.write(text) == written


@given(json_values)
def test_round_trip(value: Json) -> None:
    """What is written reads back as the same value, with the same types and the same order of keys."""
    documents = source.read(yaml_writer.write(value))
    if value is None:
        assert documents == []
    else:
        (document,) = documents
        assert same(document.value, value)


@given(st.lists(json_values.filter(lambda value: value is not None), max_size=4))
def test_documents_can_be_joined(values: list[Json]) -> None:
    """Written documents, joined by `---`, read back as a stream."""
    stream = "---\n".join(map(yaml_writer.write, values))
    read = [document.value for document in source.read(stream)]
    assert len(read) == len(values)
    assert all(map(same, read, values))


@pytest.mark.parametrize("key", ["k" * 129, "k" * 3000, "a b" * 60, '"' * 130])
@pytest.mark.parametrize("value", ["v", {"a": ["b"]}, ["a", {}], "x\ny\n", []])
def test_long_keys(key: str, value: Json) -> None:
    """A key of any length reads back, whatever its value."""
    whole: Json = {"a": 1, key: value, "b": [{key: value}]}
    (document,) = source.read(yaml_writer.write(whole))
    assert document.value == whole


def test_what_cannot_be_written() -> None:
    """Every value that YAML or Kubernetes could not hold is named by its path."""
    value: Json = {
        "a": math.inf,
        "b": [1, math.nan],
        "c": "\ud83d",
        "d": 1 << 64,
        "e": {"\udc00": 1},
    }
    with pytest.raises(Invalid) as caught:
        yaml_writer.write(value)
    assert [fault.path for fault in caught.value.faults] == [
        ("a",),
        ("b", 1),
        ("c",),
        ("d",),
        ("e",),
    ]


def test_depth_is_that_of_the_reader() -> None:
    """A hundred lists in one another are written and read; one more, or a thousand, is refused."""
    value: Json = []
    for _ in range(99):
        value = [value]
    assert source.read(yaml_writer.write(value))[0].value == value
    for _ in range(1_000):
        value = [value]
        with pytest.raises(Invalid):
            yaml_writer.write(value)
