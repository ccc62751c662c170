"""Bad input: refused at once, with the place and the mend, or read as plain data; never a traceback.

Each case of `bad_input.CASES` is judged here in this process, for its price, and once more by the real
command. The page docs/bad-input.md is made of the same cases.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from journeys import bad_input
from journeys.bad_files import GOOD, GOOD_OLD
from journeys.bad_input import CASES, NAME
from journeys.stories import choice, experiment, written
from journeys.world import World
from support.command import ROOT
from support.effort import effort

PAGE = ROOT / "docs" / "bad-input.md"
MOST_MEMORY = 50 << 20
BEGIN, END = "<!-- the table begins -->\n", "<!-- the table ends -->\n"
REFUSED = [sentence for sentence, case in CASES.items() if not case.plain]
PLAIN = [sentence for sentence, case in CASES.items() if case.plain]


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files that are right, in both dialects, so that whatever is loaded once is loaded."""
    folder = tmp_path_factory.mktemp("ordinary")
    for name, text in (("new.yaml", GOOD), ("old.yaml", GOOD_OLD)):
        (folder / name).write_text(text)
        assert bad_input.said(folder / name) == []
    return folder / "new.yaml"


@pytest.mark.parametrize("sentence", CASES)
def test_is_judged_at_once_and_in_little_memory(
    sentence: str, tmp_path: Path, ordinary: Path
) -> None:
    """Ten references of work (about 0.2 s) and 50 MB are never needed, whatever the file holds."""
    del ordinary
    path = tmp_path / NAME
    CASES[sentence].make(path)
    assert effort(lambda _: bad_input.said(path), enough=10) < 10
    tracemalloc.start()
    try:
        bad_input.said(path)
        assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("sentence", REFUSED)
def test_is_refused_with_place_and_mend(sentence: str, tmp_path: Path) -> None:
    """A line opens with the file, and line and column where there are any, and says how to mend it."""
    case = CASES[sentence]
    path = tmp_path / NAME
    case.make(path)
    lines = bad_input.said(path)
    assert any(case.word in line for line in lines), lines
    start = f"{path}:{case.place}" if case.place else str(path)
    assert any(line.startswith(start) for line in lines), lines
    assert all(line.startswith(str(path)) for line in lines)
    assert all("; " in line or ": cannot be read" in line for line in lines), lines


@pytest.mark.parametrize("sentence", PLAIN)
def test_is_plain_data(sentence: str, tmp_path: Path) -> None:
    """What only looks odd is admitted."""
    path = tmp_path / NAME
    CASES[sentence].make(path)
    assert bad_input.said(path) == []


def ended(*words: str | Path, folder: Path) -> tuple[int, str, str, int]:
    """Run `munshi words…`: its exit code, what it printed and said, its greatest size in bytes."""
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "munshi", *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            cwd=folder,
            env={**os.environ, "MUNSHI_HOME": str(folder / "home")},
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    texts = [(folder / name).read_bytes().decode("utf-8", "replace") for name in ("out", "err")]
    return process.returncode, texts[0], texts[1], usage.ru_maxrss << 10


@pytest.mark.journey
@pytest.mark.parametrize("section", bad_input.SECTIONS)
def test_the_command_refuses_them_cleanly(section: str, tmp_path: Path, ordinary_size: int) -> None:
    """Exit code 2, no traceback, a sentence for each file; 50 MB more than for an ordinary one."""
    cases = [case for case in CASES.values() if case.section == section and not case.plain]
    names = [f"{number}.yaml" for number in range(len(cases))]
    for name, case in zip(names, cases, strict=True):
        case.make(tmp_path / name)
    code, out, err, size = ended("validate", *names, folder=tmp_path)
    assert (code, out) == (2, "")
    assert "Traceback" not in err
    assert "bug in munshi" not in err
    assert size < ordinary_size + MOST_MEMORY
    for name, case in zip(names, cases, strict=True):
        # What is no Experiment by far is a note, beside others that are.
        mine = [line for line in err.splitlines() if f"{name}:" in line[: len(name) + 8]]
        assert any(case.word.split("{")[0] in line for line in mine), (case, mine)


@pytest.mark.journey
def test_the_command_takes_what_is_only_odd(tmp_path: Path) -> None:
    """Exit code 0, and a line for each file."""
    names = []
    for number, sentence in enumerate(PLAIN):
        names.append(f"{number}.yaml")
        CASES[sentence].make(tmp_path / names[-1])
    code, out, err, _ = ended("validate", *names, folder=tmp_path)
    assert (code, err) == (0, "")
    assert [line.partition(":")[0] for line in out.splitlines()] == names


@pytest.fixture(scope="module")
def ordinary_size(ordinary: Path, tmp_path_factory: pytest.TempPathFactory) -> int:
    """The bytes that the command takes for an ordinary file."""
    code, _, _, size = ended("validate", ordinary, folder=tmp_path_factory.mktemp("size"))
    assert code == 0
    return size


@pytest.mark.journey
@pytest.mark.parametrize("verb", ["run", "render", "convert"])
def test_every_verb_refuses_in_the_same_words(verb: str, tmp_path: Path) -> None:
    """`run`, `render` and `convert` print nothing, say what `validate` says, and begin nothing."""
    CASES["a field that is misspelt"].make(tmp_path / NAME)
    code, out, err, _ = ended(verb, NAME, folder=tmp_path)
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        line.replace(str(tmp_path / NAME), NAME) for line in bad_input.said(tmp_path / NAME)
    ]
    assert not list((tmp_path / "home").glob("trials/*"))


def test_the_page_is_true() -> None:
    """The tables of docs/bad-input.md are what the judge says today.

    `PYTHONPATH=tests python tests/journeys/bad_input.py` writes them anew.
    """
    text = PAGE.read_text("utf-8")
    assert text.partition(BEGIN)[2].partition(END)[0] == bad_input.page()


ATTACKS = {
    "a link to a file of somebody else": 'ln -sf "$SECRET" /train/metrics.log',
    "a folder that becomes a link": 'rm -rf /train/in; ln -s "$(dirname "$SECRET")" /train/in',
    "a pipe": "rm -f /train/metrics.log; mkfifo /train/metrics.log",
    "a link to a device that never ends": "ln -sf /dev/zero /train/metrics.log",
    "a folder in its place": "rm -f /train/metrics.log; mkdir /train/metrics.log",
}


@pytest.mark.journey
@pytest.mark.parametrize("sentence", ATTACKS)
def test_a_program_that_puts_something_else_in_the_place_of_its_metrics(
    sentence: str, world: World
) -> None:
    """Nothing outside is read, nothing waits: the trial ends without metrics, and the next one is fine."""
    secret = world.path / "secret" / "metrics.log"
    secret.parent.mkdir()
    secret.write_text("score=31337.25\n")
    where = "/train/in/metrics.log" if "folder that" in sentence else "/train/metrics.log"
    attack = f'[ "$A" = bad ] && {{ {ATTACKS[sentence]}; exit 0; }}'
    script = f"mkdir -p $(dirname {where}); {attack}; echo score=1 > {where}"
    document = experiment(
        script,
        parameters=[choice("a", "bad", "good")],
        algorithm="grid",
        maxTrialCount=2,
        parallelTrialCount=1,
        metricsCollectorSpec={
            "collector": {"kind": "File"},
            "source": {"fileSystemPath": {"path": where, "kind": "File"}},
        },
        container={
            "env": [
                {"name": "A", "value": "${trialParameters.a}"},
                {"name": "SECRET", "value": str(secret)},
            ]
        },
    )
    done = world.munshi("run", written(world.path, document))
    assert done.code == 0, done.err
    assert world.outcomes() == {"MetricsUnavailable": 1, "Succeeded": 1}
    assert "31337" not in json.dumps([trial["status"] for trial in world.trials()])
