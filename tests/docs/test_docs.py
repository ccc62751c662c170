"""The documents, held to the truth: what they name exists, and what they show happens.

Checks every Markdown page of the repository, and the Makefile that they tell people to use. It knows
nothing of how munshi works; whoever moves a file or a target is told here which page to mend.
"""

from __future__ import annotations

import doctest
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOUSE = ROOT / "src" / "munshi"
ADRS = ROOT / "docs" / "adr"

_NOT_OURS = {"build", "dist", "node_modules"}
_FENCED = re.compile(r"^( {0,3})(```+|~~~+).*?^ {0,3}\2[`~]*[ \t]*$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?:\A|\n)[ \t]*\n((?:(?: {4,}|\t)[^\n]*(?:\n|\Z)|[ \t]*\n)+)")
_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_LINKS = (
    re.compile(r"\]\(\s*<?([^()\s<>]+)>?(?:\s+[\"'][^\"']*[\"'])?\s*\)"),  # [text](target "title")
    re.compile(r"^ {0,3}\[[^\]]+\]:\s*<?([^\s<>]+)", re.MULTILINE),  # [name]: target
    re.compile(r"<(?:a|img|source)\b[^>]*?\b(?:href|src|srcset)=[\"']([^\"']+)", re.IGNORECASE),
)
_HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*#*$", re.MULTILINE)
_PATH = re.compile(r"[\w.-]+(?:/[\w.-]+)*\.(?:py|yaml|toml|md)|(?:[\w.-]+/)+")


def pages() -> list[Path]:
    """Every Markdown page that belongs to the repository; hidden folders hold caches and tools."""
    found: list[Path] = []
    for folder, inner, names in os.walk(ROOT):
        inner[:] = [name for name in inner if not name.startswith(".") and name not in _NOT_OURS]
        found += [Path(folder, name) for name in names if name.endswith(".md")]
    return sorted(found)


def links(text: str) -> Iterator[str]:
    """The targets of a page's links; what stands in a fence or between backticks is no link."""
    prose = _SPAN.sub("", _FENCED.sub("", text))
    for pattern in _LINKS:
        yield from pattern.findall(prose)


def anchors(page: Path) -> set[str]:
    """The names that GitHub gives to a page's headings, and those the page gives itself."""
    text = _FENCED.sub("", page.read_text("utf-8"))
    seen: Counter[str] = Counter()
    names = set(re.findall(r"\b(?:id|name)=[\"']([^\"']+)", text))
    for heading in _HEADING.findall(text):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        names.add(f"{name}-{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return names


def complaint(page: Path, link: str) -> str:
    """Why a link of this page leads nowhere; empty when it leads somewhere, or out of the house."""
    if re.match(r"[a-z][a-z0-9+.-]*:|//", link, re.IGNORECASE):
        return ""
    path, _, anchor = unquote(link).partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.is_relative_to(ROOT):
        return f"{link}: leads out of the repository"
    if not target.exists():
        return f"{link}: no such file"
    if anchor and target.suffix == ".md" and anchor.lower() not in anchors(target):
        return f"{link}: no such heading"
    return ""


def rooms() -> set[str]:
    """The rooms of the house: its folders with code in them, and errors.py."""
    folders = {each.name for each in HOUSE.iterdir() if each.is_dir() and any(each.rglob("*.py"))}
    return folders | {"errors"}


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of every page points to an existing file, and to a heading it has."""
    found = [complaint(page, link) for link in links(page.read_text("utf-8"))]
    assert [each for each in found if each] == []


def test_links_are_told_from_code() -> None:
    """The reading of links itself: each way to write one is seen, and none inside code is."""
    text = (
        'A [page](a.md), [titled](<b.md> "B"), ![picture](c.png), <img width="1" src="d.svg">,\n'
        "`[not](x.md)` and ``a ` [not](y.md)``.\n\n```\n[not](z.md)\n```\n\n[ref]: e.md\n"
    )
    assert sorted(links(text)) == ["a.md", "b.md", "c.png", "d.svg", "e.md"]


CASES = {
    "a page that exists": ("docs/architecture.md", True),
    "a heading that exists": ("docs/journey.md#what-may-it-be", True),
    "a folder": ("docs/adr/", True),
    "another site": ("https://example.org/nowhere.md", True),
    "a missing page": ("docs/no-such-page.md", False),
    "a missing heading": ("docs/journey.md#no-such-heading", False),
    "a place outside": ("../elsewhere.md", False),
}


@pytest.mark.parametrize(("link", "good"), CASES.values(), ids=CASES)
def test_a_broken_link_is_noticed(link: str, good: bool) -> None:
    """The judge of links lets good ones through and names what is wrong with the others."""
    assert (complaint(ROOT / "README.md", link) == "") is good


def test_every_room_has_its_paragraph() -> None:
    """docs/architecture.md has one paragraph for each room, and none for a room that is not there."""
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    described = re.findall(r"^\*\*`(\w+)`\*\*", text, re.MULTILINE)
    assert len(described) == len(set(described)), "a room is described twice"
    assert rooms() - set(described) == set(), "rooms without a paragraph"
    gone = [room for room in described if not (HOUSE / room).is_dir() and room != "errors"]
    assert gone == [], "paragraphs without a room"


def test_the_journey_names_real_files() -> None:
    """Every file that docs/journey.md names exists, in src/munshi or from the root."""
    text = (ROOT / "docs" / "journey.md").read_text("utf-8")
    named = {span for _, span in _SPAN.findall(text) if _PATH.fullmatch(span)}
    assert len(named) > 15, "the journey goes through files"
    missing = [path for path in named if not any((base / path).exists() for base in (HOUSE, ROOT))]
    assert sorted(missing) == []


def test_the_journey_happens_as_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The Python lines of docs/journey.md, run in order, print what the page says they print."""
    monkeypatch.chdir(ROOT)
    text = (ROOT / "docs" / "journey.md").read_text("utf-8")
    test = doctest.DocTestParser().get_doctest(text, {}, "journey.md", "docs/journey.md", 0)
    heard: list[str] = []
    result = doctest.DocTestRunner(verbose=False).run(test, out=heard.append)
    assert result.attempted > 10
    assert result.failed == 0, "".join(heard)


def test_decisions_are_numbered_once_and_listed() -> None:
    """ADR numbers are 1, 2, 3, … without repetition, and docs/adr/README.md lists each with its title."""
    files = sorted(path for path in ADRS.glob("*.md") if path.name != "README.md")
    assert [
        path.name for path in files if not re.fullmatch(r"\d{4}(-[a-z0-9]+)+\.md", path.name)
    ] == []
    assert [int(path.name[:4]) for path in files] == list(range(1, len(files) + 1))
    titles = {
        path.name: path.read_text("utf-8").split("\n", 1)[0].removeprefix("# ") for path in files
    }
    index = (ADRS / "README.md").read_text("utf-8")
    listed = re.findall(r"^\| \[(\d+)\]\((\S+)\) \| (.+) \|$", index, re.MULTILINE)
    assert listed == [(str(int(name[:4])), name, title) for name, title in titles.items()]


@pytest.mark.parametrize("page", sorted(ADRS.glob("0*.md")), ids=lambda page: page.stem)
def test_a_decision_keeps_its_shape(page: Path) -> None:
    """Each ADR goes example, decision, alternatives, cost, and is a page at most."""
    text = page.read_text("utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
        "Example", "Decision", "Alternatives", "Cost",
    ]  # fmt: skip
    assert len(text.splitlines()) <= 60


def test_readme_in_korean_is_there_when_it_is_promised() -> None:
    """README.ko.md exists if README.md mentions it."""
    promised = "README.ko.md" in (ROOT / "README.md").read_text("utf-8")
    assert not promised or (ROOT / "README.ko.md").is_file()


def test_make_targets_are_real() -> None:
    """Whatever target a page tells people to make is in the Makefile, and help shows it."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    shown = set(re.findall(r"^([a-z-]+):.*?## \S", makefile, re.MULTILINE))
    told = {
        target
        for page in pages()
        for code in _code(page.read_text("utf-8"))
        for target in re.findall(r"(?:^|&&|;)[ \t$]*make +([a-z][a-z-]*)", code, re.MULTILINE)
    }
    assert {"dev", "check", "test"} <= told
    assert told - shown == set()


def _code(text: str) -> Iterator[str]:
    for block in _FENCED.finditer(text):
        yield block.group()
    rest = _FENCED.sub("", text)
    yield from _INDENTED.findall(rest)
    yield from (span for _, span in _SPAN.findall(_INDENTED.sub("\n", rest)))


def test_changelog_fragments_are_of_a_known_kind() -> None:
    """A file of changelog.d is named topic.kind.md after a kind its README lists, and says something."""
    folder = ROOT / "changelog.d"
    kinds = set(
        re.findall(r"^\| `(\w+)` \|", (folder / "README.md").read_text("utf-8"), re.MULTILINE)
    )
    assert kinds
    for file in folder.iterdir():
        if file.name == "README.md":
            continue
        named = re.fullmatch(r"[a-z0-9-]+\.(\w+)\.md", file.name)
        assert named, f"{file.name} is not called topic.kind.md"
        assert named.group(1) in kinds, f"{file.name}: kinds are {sorted(kinds)}"
        text = file.read_text("utf-8").strip()
        assert text, f"{file.name} says nothing"
        assert not text.startswith("#"), f"{file.name} has a heading; the release puts them"


def test_the_ci_runs_what_people_run() -> None:
    """.ci/run can be executed, and the last thing it does is `make test`."""
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert script.read_text("utf-8").rstrip().splitlines()[-1] == "make test"
