"""`munshi get` on a real database: its forms, its watch, and what it says when something is wrong."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command as alembic
from alembic.config import Config
from sqlalchemy import create_engine

from munshi import cli
from munshi.api import source
from munshi.api.trial import Trial
from munshi.cli import finding, home, selectors
from munshi.cli.laptop import Seen
from munshi.cli.watching import Meant, Watch
from munshi.errors import Gone
from munshi.local import place
from munshi.store import semantics
from munshi.store.glance import open_glance
from munshi.store.revisions import REVISIONS
from support.cli_world import a_trial, an_experiment, condition
from support.ledger import Ledger
from support.terminal import command

from .conftest import FIRST, SECOND, Munshi

PRINTED = {
    "a template over a list": (
        ["tr", "-o", 'jsonpath={range .items[*]}{.metadata.name}{"\\n"}{end}'],
        "random-a1\nrandom-b2\n",
    ),
    "a template over one object": (["tr", "random-a1", "-o", "jsonpath={.metadata.name}"], "random-a1"),
    "a template as JSON": (
        ["tr", "-o", "jsonpath-as-json={.items[*].metadata.name}"],
        '[\n    "random-a1",\n    "random-b2"\n]\n',
    ),
    "columns of one's own": (
        ["tr", "-o", "custom-columns=Name:.metadata.name,TYPES:{.status.conditions[*].type},X:.x"],
        "Name        TYPES       X\nrandom-a1   Succeeded   <none>\nrandom-b2   Running     <none>\n",
    ),
    "narrow columns": (
        ["tr", "random-a1", "-o", "custom-columns=A:.nope.x[*].y,B:metadata.generation"],
        "A        B\n<none>   1\n",
    ),
    "a table without its head": (
        ["tr", "--no-headers", "-o", "custom-columns=A:.metadata.name"],
        "random-a1\nrandom-b2\n",
    ),
    "in an order of one's own": (
        ["tr", "-o", "name", "--sort-by=.status.conditions[0].type"],
        "trial.kubeflow.org/random-b2\ntrial.kubeflow.org/random-a1\n",
    ),
    "several kinds": (
        ["exp,tr", "-o", "name"],
        "experiment.kubeflow.org/random\ntrial.kubeflow.org/random-a1\ntrial.kubeflow.org/random-b2\n",
    ),
    "several kinds as one list": (["sug,exp", "-o", "jsonpath={.items[*].kind}"], "Suggestion Experiment"),
    "one experiment's": (
        ["tr", "-e", "random", "-o", "custom-columns=A:.metadata.name"],
        "A\nrandom-a1\nrandom-b2\n",
    ),
    "columns over nothing": (["tr", "-n", "empty", "-o", "custom-columns=A:.a"], "A\n"),
    "names": (["tr", "-o", "name"], "trial.kubeflow.org/random-a1\ntrial.kubeflow.org/random-b2\n"),
    "suggestions": (["sug", "-o", "custom-columns=NAME:.metadata.name"], "NAME\nrandom\n"),
}  # fmt: skip


@pytest.mark.parametrize(("words", "expected"), PRINTED.values(), ids=PRINTED.keys())
@pytest.mark.usefixtures("ledger")
def test_forms(munshi: Munshi, words: list[str], expected: str) -> None:
    """Every form prints what kubectl prints, and nothing beside it."""
    result = munshi("get", *words)
    assert (result.stdout, result.stderr, result.exit_code) == (expected, "", 0)


@pytest.mark.usefixtures("ledger")
def test_templates_from_files(munshi: Munshi, tmp_path: Path) -> None:
    """Templates and columns may stand in files; a template's last line break is its own."""
    (tmp_path / "t").write_text("{.items[0].metadata.name}\n")
    (tmp_path / "c").write_text("NAME          GEN\nmetadata.name {.metadata.generation}\n")
    assert munshi("get", "tr", "-o", f"jsonpath-file={tmp_path / 't'}").stdout == "random-a1\n"
    table = munshi("get", "tr", "random-a1", "-o", f"custom-columns-file={tmp_path / 'c'}").stdout
    assert table == "NAME        GEN\nrandom-a1   1\n"


REFUSED = {
    "a template that is not closed": (["-o", "jsonpath=a\n{.b"], "-o jsonpath:2:1: "),
    "a template that does not fit": (["-o", "jsonpath={.items[7]}"], "-o jsonpath:1:8: "),
    "a column without a path": (["-o", "custom-columns=A:.a,B"], "-o custom-columns:1:6: "),
    "a column whose path is wrong": (["-o", "custom-columns=A:.a,B:.b[x]"], "-o custom-columns:1:10: "),
    "a column whose path has braces inside": (["-o", "custom-columns=A:{.a}{.b}"], "custom-columns:1:3: "),
    "no columns at all": (["-o", "custom-columns="], "write -o custom-columns=NAME:PATH,…"),
    "a form without its template": (["-o", "jsonpath"], "write -o jsonpath=TEMPLATE"),
    "a form with something behind it": (["-o", "json={.a}"], "write -o json"),
    "a form that is none": (["-o", "jsonpat={.a}"], 'did you mean "jsonpath"?'),
    "a file that is not there": (["-o", "jsonpath-file=/nowhere/t"], "/nowhere/t cannot be read"),
    "a field that must be there": (
        ["-o", "jsonpath={.items[*].nope}", "--allow-missing-template-keys=false"],
        "-o jsonpath:1:11: nope is not found",
    ),
    "a selector that is none": (["-l", "a=b=c"], '"a=b=c" is no test'),
}  # fmt: skip


@pytest.mark.parametrize(("words", "said"), REFUSED.values(), ids=REFUSED.keys())
@pytest.mark.usefixtures("ledger")
def test_wrong_forms_are_refused(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong template is one sentence with its place on stderr, nothing on stdout, and exit code 2."""
    assert cli.main(["get", "tr", *words]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert said in shown.err


def test_wrong_files_name_their_line(ledger: Ledger, munshi: Munshi, tmp_path: Path) -> None:
    """A fault in a file is named with the file, its line and column."""
    del ledger
    wrong = {
        "heads without paths": ("NAME\n", "1:1"),
        "fewer paths than heads": ("A B\n.a\n", "2:1"),
        "a wrong path": ("A  B\n.a .b[x]\n", "2:6"),
    }
    for text, place_ in wrong.values():
        (tmp_path / "c").write_text(text)
        result = munshi("get", "tr", "-o", f"custom-columns-file={tmp_path / 'c'}")
        assert f"{tmp_path / 'c'}:{place_}: " in str(result.exception)


@pytest.mark.usefixtures("ledger")
def test_a_template_without_braces_is_noticed(munshi: Munshi) -> None:
    """A path without its braces is printed as it is, as by kubectl, but with a word about it."""
    result = munshi("get", "tr", "-o", "jsonpath=.metadata.name")
    assert result.stdout == ".metadata.name"
    assert "{.metadata.name}" in result.stderr


@pytest.mark.usefixtures("ledger")
def test_yaml_of_one_object(munshi: Munshi) -> None:
    """The objects of the database come out in JSON and YAML as they are kept, versions included."""
    one = json.loads(munshi("get", "tr", "random-a1", "-o", "json").stdout)
    assert source.read(munshi("get", "tr", "random-a1", "-o", "yaml").stdout)[0].value == one
    assert one["metadata"]["resourceVersion"]
    assert list(one)[:2] == ["apiVersion", "kind"]


SELECTED = {
    "katib.kubeflow.org/experiment=random": True,
    "katib.kubeflow.org/experiment==random": True,
    "katib.kubeflow.org/experiment != random": False,
    "katib.kubeflow.org/experiment": True,
    "!katib.kubeflow.org/experiment": False,
    "!nope": True,
    "nope": False,
    "nope=": False,
    "nope!=x": True,
    "katib.kubeflow.org/experiment in (tpe, random)": True,
    "katib.kubeflow.org/experiment notin (tpe,random)": False,
    "nope notin (a)": True,
    "katib.kubeflow.org/experiment in (tpe,random),!nope": True,
    "katib.kubeflow.org/experiment,nope": False,
}


@pytest.mark.parametrize(("selector", "chosen"), SELECTED.items(), ids=SELECTED.keys())
def test_selectors(selector: str, chosen: bool) -> None:
    """-l understands kubectl's tests of equality, presence and membership."""
    assert selectors.read(selector)(FIRST.dump()) is chosen


def test_an_old_database_is_brought_forward(
    munshi: Munshi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look at a database of an older schema brings it forward, and shows what is in it."""
    path = tmp_path / place.DATABASE
    config = Config()
    config.set_main_option("script_location", "munshi.store:migrations")
    config.set_main_option("path_separator", "os")
    engine = create_engine(f"sqlite:///{path}", isolation_level="AUTOCOMMIT")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        alembic.upgrade(config, REVISIONS[0])
        row = ("Trial", "default", FIRST.name, FIRST.uid, "", 1, semantics.body_of(FIRST))
        connection.exec_driver_sql("INSERT INTO objects VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        connection.exec_driver_sql("UPDATE counter SET version = 1")
    engine.dispose()
    monkeypatch.setenv("MUNSHI_HOME", str(tmp_path))
    assert open_glance(path) is None
    assert munshi("get", "tr", "-o", "name").stdout == "trial.kubeflow.org/random-a1\n"
    with open_glance(path) or contextlib.nullcontext() as now:
        assert now is not None


def test_a_home_that_is_not_there_is_empty(
    munshi: Munshi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking makes nothing: no folder, no database."""
    monkeypatch.setenv("MUNSHI_HOME", str(tmp_path / "not yet"))
    assert munshi("get", "exp").stderr == "No resources found in default namespace.\n"
    assert not (tmp_path / "not yet").exists()


def watching_(
    ledger: Ledger, meant: Meant, *steps: Callable[[], object]
) -> list[list[tuple[str, str]]]:
    """What a watch tells while these steps are taken, one between two looks: names and conditions."""
    waiting = list(steps)
    told: list[list[tuple[str, str]]] = []

    class Over(Exception):
        pass

    def pause(_: float) -> None:
        if not waiting:
            raise Over
        waiting.pop(0)()

    with home.look() as glance, contextlib.suppress(Over):
        changes = Watch(Seen(glance, pause), meant).changes()
        told.extend(
            [(finding.placed(one)[1], _state(one)) for one in changed] for changed in changes
        )
    return told


def _state(one: Any) -> str:
    return str(one["status"]["conditions"][-1]["type"])


def all_trials(selector: str = "", *names: str) -> Meant:
    """The trials of the default namespace."""
    return Meant("Trial", "default", names, selectors.read(selector))


def test_a_watch_tells_what_changes(ledger: Ledger) -> None:
    """New, changed and deleted objects are told once each, other kinds and namespaces never."""
    third = a_trial("random-c3", "Running")
    told = watching_(
        ledger,
        all_trials(),
        lambda: ledger.put(a_trial("random-b2", "Succeeded", accuracy="0.5")),
        lambda: None,
        lambda: ledger.put(an_experiment("random", condition("Succeeded"))),
        lambda: ledger.put(a_trial("elsewhere", "Running", namespace="kubeflow")),
        lambda: ledger.put(third),
        lambda: ledger.delete(Trial, "random-a1"),
        lambda: None,
    )
    assert told == [
        [("random-b2", "Succeeded")],
        [("random-c3", "Running")],
        [("random-a1", "Succeeded")],
    ]


def test_a_watch_of_names_and_labels(ledger: Ledger) -> None:
    """A watch tells only of what is meant; what stops being meant is told once more."""
    moved = a_trial("random-b2", "Running")
    labels = moved.metadata.model_copy(update={"labels": {"other": "x"}})
    both = (
        lambda: ledger.put(a_trial("random-a1", "Killed")),
        lambda: ledger.put(moved.model_copy(update={"metadata": labels})),
        lambda: ledger.put(a_trial("random-b2", "Failed").model_copy(update={"metadata": labels})),
    )
    by_name = watching_(ledger, all_trials("", "random-b2"), *both)
    assert by_name == [[("random-b2", "Running")], [("random-b2", "Failed")]]
    ledger.put(FIRST, SECOND)
    by_label = watching_(ledger, all_trials("katib.kubeflow.org/experiment=random"), *both)
    assert by_label == [[("random-a1", "Killed")], [("random-b2", "Running")]]


def test_a_watch_that_fell_behind_lists_again(ledger: Ledger) -> None:
    """When changes are no longer kept one by one, what differs from what was shown is told."""
    with home.look() as glance:
        watch = Watch(Seen(Behind(glance), lambda _: None), all_trials())
        ledger.put(a_trial("random-a1", "Killed"))
        assert [finding.placed(one)[1] for one in next(watch.changes())] == ["random-a1"]


class Behind:
    """A glance whose changes are too old, always."""

    def __init__(self, glance: home.Stored) -> None:
        self.list, self.get, self.version = glance.list, glance.get, glance.version

    def changes(self, since: int) -> list[tuple[int, dict[str, Any], bool]]:
        """They are gone."""
        raise Gone(f"{since} is too long ago")


def test_a_watch_on_screen(ledger: Ledger) -> None:
    """The table comes first, rows follow below the same head, and Ctrl-C ends it quietly with 130."""
    with command("get", "tr", "-w", home=ledger.home.path) as munshi:
        munshi.until(b"random-b2")
        ledger.put(a_trial("random-b2", "Succeeded", accuracy="0.5"))
        munshi.until(b"random-b2   Succeeded")
        munshi.interrupt()
        assert munshi.end() == 130
        assert munshi.process.stderr is not None
        assert munshi.process.stderr.read() == b""
    lines = munshi.out.decode().splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["NAME", "TYPE"],
        ["random-a1", "Succeeded"],
        ["random-b2", "Running"],
        ["random-b2", "Succeeded"],
    ]


FOLLOWED = {
    "names": (["-o", "name"], b"trial.kubeflow.org/random-b2\n"),
    "documents of YAML": (["-o", "yaml"], b"\n"),
    "a template": (["-o", "jsonpath={.metadata.name}!"], b"random-b2!"),
    "columns": (["-o", "custom-columns=N:.metadata.name"], b"N\nrandom-b2\n"),
}


@pytest.mark.parametrize(("form", "expected"), FOLLOWED.values(), ids=FOLLOWED.keys())
def test_only_what_changes(ledger: Ledger, form: list[str], expected: bytes) -> None:
    """--watch-only leaves out what was there; every form comes object by object."""
    with command("get", "tr", "--watch-only", *form, home=ledger.home.path) as munshi:
        # The command is known to look when it tells of the first change after its start.
        for attempt in range(1_000):
            ledger.put(a_trial("random-b2", "Running", message=f"step {attempt}"))
            if munshi.has_said(within_s=0.05):
                break
        munshi.until(expected)
        munshi.interrupt()
        assert munshi.end() == 130
    assert b"random-a1" not in munshi.out
    if "yaml" in form:
        documents = source.read(munshi.out.decode())
        assert {one.value["kind"] for one in documents} == {"Trial"}  # type: ignore[call-overload,index]


def test_a_name_that_is_not_there_is_not_awaited(ledger: Ledger) -> None:
    """A watch of a name that is not there ends at once, with 4."""
    with command("get", "tr", "nope", "-w", home=ledger.home.path) as munshi:
        assert munshi.end() == 4


def test_a_watch_begins_before_there_is_a_database(tmp_path: Path) -> None:
    """A watch on an empty home tells of the first object there ever is."""
    with command("get", "exp", "-w", "-o", "name", home=tmp_path) as munshi:
        Ledger(tmp_path).put(an_experiment("random", condition("Running")))
        assert munshi.until(b"experiment.kubeflow.org/random\n")


@pytest.mark.usefixtures("ledger")
def test_tables_of_several_kinds(munshi: Munshi) -> None:
    """Each kind has its own columns, with an empty line between; without heads none is printed."""
    tables_ = munshi("get", "all").stdout.split("\n\n")
    assert [table.split()[0] for table in tables_] == ["NAME"] * 3
    bare = munshi("get", "all", "--no-headers").stdout
    assert "NAME" not in bare
    assert bare.count("random") == 4


NO_LISTS = {
    "names of several kinds": (["exp,tr", "random"], "one kind at a time"),
    "a kind among them that is none": (["exp,pods"], '"pods" is not a kind'),
    "the experiments of an experiment": (["exp", "-e", "random"], "-e lists"),
    "an order by no path": (["tr", "--sort-by={.a["], "--sort-by"),
    "an experiment that is not there": (["tr", "-e", "randm"], 'did you mean "random"?'),
}


@pytest.mark.parametrize(("words", "said"), NO_LISTS.values(), ids=NO_LISTS)
@pytest.mark.usefixtures("ledger")
def test_lists_that_cannot_be(munshi: Munshi, words: list[str], said: str) -> None:
    """What is asked for wrongly is refused, with what is wrong."""
    result = munshi("get", *words)
    assert result.exit_code != 0
    assert said in (result.stderr or str(result.exception))
