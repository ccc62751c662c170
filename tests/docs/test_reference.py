"""The reference page, held to the code: what it must list is read from the code, never copied here.

Rows of a table are found by their first cells. What a row *means* is for people to judge; that it exists,
and that its names and numbers are those of the code, is judged here.
"""

from __future__ import annotations

import ast
import contextlib
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from munshi import collectors
from munshi.admission import defaults
from munshi.algorithms import early_stopping, registry
from munshi.api import meta
from munshi.api.common import CollectorKind, ParameterAssignment
from munshi.api.experiment import ExperimentCondition
from munshi.api.suggestion import SuggestionCondition
from munshi.api.trial import TrialCondition
from munshi.cli import best, ending, facts, group, metrics
from munshi.kube.operator import refusal
from munshi.local import collection, home, planning, process
from munshi.local.jobs import registry as jobs
from munshi.local.jobs import volumes
from munshi.metrics.log import MetricLog
from munshi.reconcile import trial as trials

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "munshi"
TEXT = (ROOT / "docs" / "reference.md").read_text("utf-8")
_BOX = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_REASON = re.compile(r"(?:[A-Z][a-z]+){2,}")


def section(title: str) -> str:
    """What stands below a heading, up to the next one of the same rank or a higher one."""
    head = re.search(rf"^(#+) {re.escape(title)}$", TEXT, re.MULTILINE)
    assert head is not None, f"no heading {title}"
    after = TEXT[head.end() :]
    end = re.search(
        rf"^#{{1,{len(head[1])}}} ", _BOX.sub(lambda box: " " * len(box[0]), after), re.MULTILINE
    )
    return after[: end.start()] if end else after


def rows(text: str) -> list[list[str]]:
    """The cells of every line of every table, without heads' rulers."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return [row for row in cells if set(row[0]) != {"-"}]


def names(text: str) -> set[str]:
    """All short pieces of code."""
    return set(_SPAN.findall(_BOX.sub("", text)))


def firsts(title: str) -> set[str]:
    """The code in the first cells of a section's tables."""
    return {name for row in rows(section(title)) for name in names(row[0])}


def reasons() -> Iterator[str]:
    """Every text in the room `reconcile` that is a reason: CamelCase words, or what `reason` is set to."""
    for file in sorted((SOURCE / "reconcile").glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                if _REASON.fullmatch(node.value):
                    yield node.value
            elif (isinstance(node, ast.keyword) and node.arg == "reason") or (
                isinstance(node, ast.Assign) and _target(node) == "reason"
            ):
                yield from _texts(node.value)

    yield refusal.REASON


def _target(node: ast.Assign) -> str:
    target = node.targets[0]
    return target.id if isinstance(target, ast.Name) else ""


def _texts(value: ast.expr) -> list[str]:
    """A text, or the fixed beginning of a filled one."""
    if isinstance(value, ast.JoinedStr):
        value = value.values[0]
    return [value.value] if isinstance(value, ast.Constant) and isinstance(value.value, str) else []


def test_reasons_are_found_in_the_code() -> None:
    """The search for reasons itself finds constants, arguments and filled texts alike."""
    found = set(reasons())
    assert {"TrialLost", "TrialKilled", "SearchSpaceExhausted", "Experiment is restarting"} <= found
    assert any(each.endswith(" ") for each in found), "a filled text"


@pytest.mark.parametrize("reason", sorted(set(reasons())))
def test_every_reason_is_explained(reason: str) -> None:
    """Each reason that `reconcile` writes stands among the page's conditions."""
    said = names(section("Conditions"))
    assert any(each == reason or (reason[-1] == " " and each.startswith(reason)) for each in said)


KINDS = {
    "Experiment": ExperimentCondition,
    "Suggestion": SuggestionCondition,
    "Trial": TrialCondition,
}


@pytest.mark.parametrize(("kind", "types"), KINDS.items(), ids=KINDS)
def test_every_condition_type_is_explained(kind: str, types: type) -> None:
    """A kind's section names all of its condition types, and its table has no other type or reason."""
    text = section(kind)
    known = {each.value for each in types}  # type: ignore[attr-defined]
    assert known - names(text) == set()
    told = [row for row in rows(text) if row[0] != "type"]
    assert {name for row in told for name in names(row[0])} - known <= {"False"}
    written = set(reasons())
    invented = {
        name
        for row in told
        for name in names(row[1])
        if name not in written and not any(w[-1] == " " and name.startswith(w) for w in written)
    }
    assert invented == set()


def test_the_algorithms_are_those_of_the_registry() -> None:
    """The table lists every algorithm that there is, and no other, each with its page."""
    table = [row[0] for row in rows(section("Algorithms")) if len(row) == 4]
    assert set(table) == {"name", *(page_of(name) for name in registry.known())}


def test_the_early_stopping_methods_are_those_of_the_registry() -> None:
    """The table lists every method that there is, and no other, each with its page."""
    table = [row[0] for row in rows(section("Early stopping")) if len(row) == 3]
    assert set(table) == {"name", *(page_of(name) for name in early_stopping.known())}


def page_of(name: str) -> str:
    """A name as a link to its page."""
    return f"[`{name}`](algorithms/{name}.md)"


def test_the_collectors_are_those_of_the_registry() -> None:
    """The table lists every collector that can be opened, and the text names the refused ones."""
    kinds = {row[0].split("`")[1] for row in rows(section("Collectors")) if row[0].startswith("`")}
    assert kinds == set(collectors.KINDS)
    assert {kind.value for kind in CollectorKind if kind.value} - names(
        section("Collectors")
    ) == set()
    assert {defaults.METRICS_FILE, defaults.EVENTS_DIRECTORY} <= names(section("Collectors"))


def test_the_annotations_and_labels_are_those_of_the_api() -> None:
    """The table lists every key of `api/meta.py`, and no other."""
    keys = {value for name, value in vars(meta).items() if name.endswith(("_ANNOTATION", "_LABEL"))}
    assert len(keys) >= 5
    assert firsts("Annotations and labels") == keys


def test_the_verbs_and_their_forms_are_those_of_the_command_line() -> None:
    """Every verb has a row, which names every form of its `-o`, and there is no other row."""
    table = {row[0]: row for row in rows(section("Commands")) if row[0].startswith("`munshi ")}
    assert set(table) == {f"`munshi {verb}`" for verb in group.VERBS}
    for verb in group.VERBS:
        assert names(table[f"`munshi {verb}`"][1]) == forms(verb), verb


def forms(verb: str) -> set[str]:
    """The choices of a verb's `-o`."""
    command = group.munshi.get_command(click.Context(group.munshi), verb)
    assert command is not None
    options = [each for each in command.params if each.name == "output"]
    return {
        form
        for each in options
        if isinstance(each.type, click.Choice)
        for form in each.type.choices
    }


def commands() -> list[str]:
    """The commands of the boxes, and those of the running text that are more than a mention."""
    typed = [
        line
        for _, box in _BOX.findall(TEXT)
        for line in re.findall(r"^\$ (munshi [^|]*)", box, re.MULTILINE)
    ]
    return typed + sorted(span for span in names(TEXT) if span.startswith("munshi "))


def test_command_lines_are_understood() -> None:
    """Every command on the page has a verb that there is, and only options and values that the verb knows."""
    assert len(commands()) > len(group.VERBS)
    for line in commands():
        _, verb, *words = shlex.split(line.partition("\\|")[0])
        command = group.munshi.get_command(click.Context(group.munshi), verb)
        assert command is not None, line
        # A mention such as `munshi best -o json` leaves the name to the reader.
        with contextlib.suppress(click.MissingParameter):
            command.make_context(verb, words)


def test_the_exit_codes_are_those_of_the_command_line() -> None:
    """The table of exit codes has every code of `cli/ending.py`, and no other."""
    codes = {
        value for name, value in vars(ending).items() if name.isupper() and isinstance(value, int)
    }
    assert {int(row[0]) for row in rows(section("Commands")) if row[0].isdecimal()} == codes


def test_the_json_of_best_is_as_shown() -> None:
    """`munshi best -o json` prints an object with the very keys and kinds of values of the example."""
    shown = json.loads(boxes()[0])
    given = tuple(ParameterAssignment(name=n, value=v) for n, v in shown["parameters"].items())
    objective = shown["objective"]
    found = facts.Best(shown["trial"], objective["name"], objective["value"], given)
    assert best.entry(found) == shown


def test_the_json_of_metrics_is_as_shown() -> None:
    """`munshi metrics -o json` prints a list of the very entries of the example, and csv its columns."""
    [shown] = json.loads(boxes()[1])
    time_ns = 1_795_507_200_500_000_000
    log = MetricLog(shown["metric"], shown["value"], time_ns, int(shown["step"]))
    assert metrics._entry(log) == shown
    assert metrics.written([]).strip() in names(section("Commands"))


def boxes() -> list[str]:
    """The page's JSON examples."""
    return [text for language, text in _BOX.findall(TEXT) if language == "json"]


def test_every_variable_of_the_code_is_listed() -> None:
    """Variables that munshi reads from its environment, or sets for a program, have a row."""
    read = re.compile(r"environ(?:\.get\(|\[)\"(\w+)\"")
    found = {
        name for file in SOURCE.rglob("*.py") for name in read.findall(file.read_text("utf-8"))
    }
    found |= {home.VARIABLE, process.MARKER, meta.TRIAL_NAME_VARIABLE}
    assert len(found) >= 5
    assert found - firsts("Environment variables") == set()


def test_the_kinds_and_volumes_are_those_of_the_machine() -> None:
    """Every kind of job that runs here has a row with its apiVersion, and every volume has one."""
    table = {row[0]: row[1] for row in rows(section("What runs on a laptop"))}
    for (_, kind), adapter in jobs._ADAPTERS.items():
        assert table[f"`{kind}`"] == f"`{adapter.API_VERSION}`"
    assert set(volumes._SOURCES) - firsts("What runs on a laptop") == set()


def test_the_times_are_those_of_the_code() -> None:
    """Grace, waiting and the number of starts are the constants that the code uses."""
    times = section("Ends and times")
    assert f"or {planning.DEFAULT_GRACE.total_seconds():g} s" in times
    assert f"up to {home.STOP_S:g} s" in times
    assert ["starts of a trial whose job keeps vanishing", str(trials.MAX_ATTEMPTS)] in rows(times)
    assert f"at most {collection.DRAIN_S:g} s" in section("Collectors")
    assert 1 / collection.POLL_S == 2, "the page says: twice a second"
    assert 1 / collection.JUDGED_POLL_S == 10, "the page says: ten times"
