"""The READMEs and the tutorial, held to the truth: what they tell people to type is what munshi understands.

Reads the boxes marked `console`, where a line that begins with `$ ` is typed and the rest is printed, and the
short commands in the running text. Nothing is trained here: whole runs of the tutorial are the journeys'
business. Links, and the targets of make, are `test_docs.py`'s.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from munshi import cli
from munshi.algorithms import registry
from munshi.api.common import CollectorKind
from munshi.cli import ending, group
from munshi.local.jobs import registry as jobs

ROOT = Path(__file__).resolve().parents[2]
README, README_KO = ROOT / "README.md", ROOT / "README.ko.md"
TUTORIAL, TUTORIAL_KO = ROOT / "docs" / "tutorial.md", ROOT / "docs" / "ko" / "tutorial.md"
PAGES = (README, README_KO, TUTORIAL, TUTORIAL_KO)
TWINS = {"the README": (README, README_KO), "the tutorial": (TUTORIAL, TUTORIAL_KO)}
EXAMPLE = ROOT / "examples" / "cnn-accuracy2.yaml"
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))

_BOX = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_FILE = re.compile(r"[\w./-]+\.(?:yaml|py|md)")


def boxes(page: Path) -> list[str]:
    """What stands in the page's boxes, each with its language in front."""
    found = _BOX.findall(page.read_text("utf-8"))
    return [f"{language}\n{text}" for language, text in found]


def spans(page: Path) -> list[str]:
    """The short pieces of code in the running text."""
    return _SPAN.findall(_BOX.sub("", page.read_text("utf-8")))


def typed(page: Path) -> list[str]:
    """The command lines of the page's boxes, in order."""
    return [
        line.removeprefix("$ ")
        for box in boxes(page)
        if box.startswith("console\n")
        for line in box.splitlines()
        if line.startswith("$ ")
    ]


def commands(page: Path) -> Iterator[str]:
    """Every `munshi …` that the page tells people to type, or that it shows munshi advising."""
    yield from (line for line in typed(page) if line.startswith("munshi "))
    yield from (span for span in spans(page) if span.startswith("munshi "))
    for box in boxes(page):
        yield from re.findall(r"^  (munshi .*?)(?: +#.*)?$", box, re.MULTILINE)


def refuse(line: str) -> str:
    """Why munshi would not understand a command line; empty when it would.

    A verb that stands alone is a mention, so only its name is asked for.
    """
    _, *words = shlex.split(line)
    verb = group.munshi.get_command(click.Context(group.munshi), words[0])
    if verb is None:
        return f"{line}: no such verb"
    if words[1:]:
        try:
            verb.make_context(words[0], words[1:])
        except click.UsageError as error:
            return f"{line}: {error.format_message()}"
    return ""


LINES = {
    "a line that is right": ("munshi get trials -n kubeflow", ""),
    "a verb by itself": ("munshi run", ""),
    "a verb that is not there": ("munshi tune x.yaml", "no such verb"),
    "an option that is not there": ("munshi run x.yaml --volume a:b", "--volume"),
    "a form that is not there": ("munshi best x -o html", "html"),
}


@pytest.mark.parametrize(("line", "complaint"), LINES.values(), ids=LINES)
def test_a_wrong_command_line_is_noticed(line: str, complaint: str) -> None:
    """The judge of command lines lets right ones through and says what is wrong with the others."""
    said = refuse(line)
    assert complaint in said
    assert bool(complaint) is bool(said)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_line_parses(page: Path) -> None:
    """Every munshi command on the page has a verb, options and values that munshi knows today."""
    lines = list(commands(page))
    assert len(lines) >= 10
    assert [said for line in lines if (said := refuse(line))] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_in_a_command_exists(page: Path) -> None:
    """A file or folder that a command line reads is in the repository, or was made by a line above it."""
    made: set[str] = set()
    missing: list[str] = []
    for line in typed(page):
        given, _, target = line.partition(" > ")
        named = set(_FILE.findall(given)) | set(re.findall(r"--mount ([\w./-]+):", given))
        missing += [name for name in named - made if not (ROOT / name).exists()]
        if target:
            made.add(target.strip())
    assert missing == []


@pytest.mark.parametrize(("english", "korean"), TWINS.values(), ids=TWINS)
def test_both_languages_show_the_same_boxes(english: Path, korean: Path) -> None:
    """Commands and outputs are the same in English and in Korean, box by box."""
    assert boxes(english) == boxes(korean)


@pytest.mark.parametrize(("english", "korean"), TWINS.values(), ids=TWINS)
def test_both_languages_name_the_same_commands(english: Path, korean: Path) -> None:
    """What the running text tells people to type, with munshi or make, is the same in both languages."""
    assert _told(english) == _told(korean)


def _told(page: Path) -> set[str]:
    return {span for span in spans(page) if span.startswith(("munshi ", "make "))}


@pytest.mark.parametrize("page", [README, README_KO], ids=lambda page: page.name)
def test_the_readme_names_everything_there_is(page: Path) -> None:
    """Verbs, algorithms (with those still missing), collectors and kinds of job are all on the page."""
    said = set(spans(page))
    verbs = {f"munshi {verb}" for verb in group.VERBS}
    algorithms = {*registry.known(), *registry.planned()}
    collectors = {kind.value for kind in CollectorKind} - {"", "None"}  # unset; v1alpha3's Push
    kinds = {kind for _, kind in jobs._ADAPTERS}
    assert (verbs | algorithms | collectors | kinds) - said == set()


@pytest.mark.parametrize("page", [README, README_KO], ids=lambda page: page.name)
def test_the_readme_has_one_row_for_each_verb(page: Path) -> None:
    """The table of verbs lists each verb once."""
    rows = re.findall(r"^\| `munshi ([\w-]+)` \|", page.read_text("utf-8"), re.MULTILINE)
    assert sorted(rows) == sorted(group.VERBS)


@pytest.mark.parametrize("page", [README, README_KO], ids=lambda page: page.name)
def test_the_readme_tells_what_works_from_what_does_not(page: Path) -> None:
    """The row of algorithms lists exactly those munshi has on the left, and the planned on the right."""
    rows = [line.split("|") for line in page.read_text("utf-8").splitlines() if "`sobol`" in line]
    [[_, _, today, not_yet, _]] = rows
    assert set(_SPAN.findall(today)) == set(registry.known())
    assert set(_SPAN.findall(not_yet)) == set(registry.planned())


@pytest.mark.parametrize("page", [README, README_KO], ids=lambda page: page.name)
def test_the_exit_codes_are_those_of_the_command_line(page: Path) -> None:
    """The table of exit codes lists the codes of `cli/ending.py`, apart from the shell's own 141."""
    listed = re.findall(r"^\| (\d+) \|", page.read_text("utf-8"), re.MULTILINE)
    codes = {
        ending.OK, ending.FAILED, ending.BAD_INPUT,
        ending.NOT_FOUND, ending.TIMEOUT, ending.INTERRUPTED,
    }  # fmt: skip
    assert {int(code) for code in listed} == codes


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_shows_a_builders_machine(page: Path) -> None:
    """Shown output names no folder of the machine on which it was taken."""
    text = page.read_text("utf-8")
    assert re.findall(r"(?<![\w.~])/(?:work|tmp|home|root|Users)/[\w.-]+", text) == []


def test_the_test_command_is_make_test() -> None:
    """Both READMEs show `make demo` and `make test` as the first two lines to type."""
    assert typed(README)[:2] == ["make demo", "make test"]
    assert typed(README_KO)[:2] == ["make demo", "make test"]


@pytest.mark.parametrize("verb", ["validate", "run"])
def test_the_broken_template_is_refused_as_told(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The tutorial's cut-off copy is refused with exit code 2 and, to the letter, the shown message."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MUNSHI_HOME", str(tmp_path / "home"))
    Path("broken.yaml").write_text(_cut_off(), "utf-8")
    assert cli.main([verb, "broken.yaml"]) == ending.BAD_INPUT
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == _shown_refusal()


def test_the_lines_it_asks_for_complete_the_template(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Pasting the message's lines at the file's end gives the same job as the example itself."""
    _, _, lines = _shown_refusal().partition("\n")
    mended = tmp_path / "mended.yaml"
    mended.write_text(_cut_off() + lines, "utf-8")
    monkeypatch.setenv("MUNSHI_HOME", str(tmp_path / "home"))
    rendered = []
    for file in (EXAMPLE, mended):
        values = ("--set=--learning_rate=0.02", "--set=--num_epoch=100")
        assert cli.main(["render", str(file), *values]) == ending.OK
        rendered.append(capsys.readouterr().out)
    assert "손글씨" in rendered[0]
    assert rendered[0] == rendered[1]


def test_the_completed_template_is_the_examples_own() -> None:
    """The template that the tutorial shows completed stands in the example, line by line."""
    [shown] = [box for box in boxes(TUTORIAL) if box.startswith("yaml\n")]
    assert shown.removeprefix("yaml\n") in EXAMPLE.read_text("utf-8")


def test_the_valid_manifest_is_told_valid(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`munshi validate` says of the manifest of 2019 what the tutorial shows."""
    monkeypatch.chdir(ROOT)
    line = "munshi validate examples/tfjob-example.yaml"
    assert cli.main(shlex.split(line)[1:]) == ending.OK
    assert f"$ {line}\n{capsys.readouterr().out}```" in TUTORIAL.read_text("utf-8")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda file: file.name)
def test_every_example_is_valid_and_told_of(example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each Experiment of examples/ passes `munshi validate`, and its README says how to run it."""
    monkeypatch.chdir(ROOT)
    assert cli.main(["validate", f"examples/{example.name}"]) == ending.OK
    assert f"munshi run examples/{example.name}" in (ROOT / "examples/README.md").read_text("utf-8")


def test_the_copies_that_the_tutorial_edits_are_valid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sed lines of its later part make Experiments that say what the text says of them."""
    monkeypatch.chdir(tmp_path)
    Path("examples").symlink_to(ROOT / "examples")
    lines = [line for line in typed(TUTORIAL) if line.startswith("sed ") and "/q'" not in line]
    for line in lines:
        subprocess.run(["sh", "-c", line], check=True, timeout=30)
    assert cli.main(["validate", "longer.yaml", "more.yaml"]) == ending.OK
    longer, more = (Path(name).read_text("utf-8") for name in ("longer.yaml", "more.yaml"))
    for said in ("name: longer ", "resumePolicy: LongRunning", '- "--epochs=1500"'):
        assert longer.count(said) == 1
    assert "maxTrialCount: 30" in more


def _cut_off() -> str:
    """The copy that the tutorial makes with sed: all up to the line that opens the block."""
    [cut] = [line for line in typed(TUTORIAL) if line.endswith("> broken.yaml")]
    [pattern] = re.findall(r"'/(.+)/q'", cut)
    lines = EXAMPLE.read_text("utf-8").splitlines(keepends=True)
    last = next(number for number, line in enumerate(lines) if re.search(pattern, line))
    return "".join(lines[: last + 1])


def _shown_refusal() -> str:
    [box] = [each for each in boxes(TUTORIAL) if "> broken.yaml" in each]
    _, _, after = box.partition("$ munshi run broken.yaml")
    _, _, printed = after.partition("\n")
    return printed.partition("$ echo $?")[0]
