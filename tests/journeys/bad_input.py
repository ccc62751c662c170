"""What people and enemies write: files that must be refused with a place and a mend, or read as plain data.

The cases are kept here for three readers: the tests of the judge, the same through the real command, and
the page docs/bad-input.md, which `python tests/journeys/bad_input.py` prints.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from admission import test_rules as rules
from admission.builders import changed, faults
from journeys.bad_files import (
    DOUBLINGS,
    GOOD,
    HUGE,
    JOB,
    LAUGHS,
    PICTURE,
    PROGRAM,
    SLOW_FILTER,
    Make,
    change,
    collector,
    edited,
    folder,
    go,
    link,
    many_parameters,
    metric_filter,
    nothing,
    raw,
    story,
    wrote,
)
from journeys.stories import choice
from munshi.cli import files, judging
from munshi.errors import Invalid

NAME = "bad.yaml"
SECTIONS = ("The file", "YAML", "Size", "The object", "The trial template", "Metrics")


@dataclass(frozen=True, slots=True)
class Case:
    """One thing somebody wrote.

    Attributes:
        section: Where it stands on the page.
        make: Puts the file there.
        word: What the refusal must speak of; empty when the file is plain data and must be admitted.
        place: Line and column, or the line, when the fault has one.
    """

    section: str
    make: Make
    word: str
    place: str = ""

    @property
    def plain(self) -> bool:
        """It is odd, but not wrong."""
        return not self.word


def said(path: Path) -> list[str]:
    """What the judge says of a file: a line each, none when it is right."""
    documents = files.read([str(path)])
    lines = [line for refusal in documents.refusals for line in refusal.lines()]
    for document in documents.experiments:
        try:
            judging.admit(document, documents)
        except Invalid as refusal:
            lines += refusal.lines()
    return lines


def page() -> str:
    """The table of docs/bad-input.md."""
    lines: list[str] = []
    for section in SECTIONS:
        lines += [f"## {section}", "", "| what you wrote | what munshi says |", "|---|---|"]
        for sentence, case in CASES.items():
            if case.section == section:
                lines.append(f"| {sentence} | {_cell(_answer(case))} |")
        lines.append("")
    lines += ["## The rules", "", "Of an Experiment that can be read:", ""]
    lines += ["| what you wrote | what munshi says |", "|---|---|"]
    for sentence, (changes, _, word) in rules.REFUSED.items():
        told = [str(fault) for fault in faults(changed(changes))]
        told.sort(key=lambda line: word not in line)
        lines.append(f"| {sentence} | {_cell(told)} |")
    return "\n".join([*lines, ""])


def _answer(case: Case) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / NAME
        case.make(path)
        return [line.replace(str(path), NAME) for line in said(path)]


def _cell(lines: list[str]) -> str:
    if not lines:
        return "nothing: it is plain data"
    more = f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
    first = lines[0].replace("\n", " ⏎ ")
    shown = first if len(first) <= 240 else f"{first[:237]}…"
    shown = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in shown)
    ticks = "``" if "`" in shown else "`"
    return f"{ticks}{shown.replace('|', chr(92) + '|')}{ticks}{more}"


CASES: dict[str, Case] = {
    # --- the file
    "no such file": Case("The file", nothing, "no such file"),
    "a folder": Case("The file", folder, "is a folder"),
    "a file that the system does not give away": Case(
        "The file", link("/proc/self/mem"), "cannot be read"
    ),
    "/dev/zero": Case("The file", link("/dev/zero"), "1.5 MiB"),
    "/dev/null": Case("The file", link("/dev/null"), "nothing in it"),
    "an empty file": Case("The file", raw(b""), "nothing in it"),
    "only comments": Case("The file", raw("# 아직 없음\n---\n# later\n"), "nothing in it"),
    "a program": Case("The file", raw(PROGRAM), "UTF-8"),
    "a picture (PNG)": Case("The file", raw(PICTURE), "UTF-8"),
    "NUL bytes": Case("The file", wrote("story", "sto\0ry"), "U+0000", "4:12"),
    "UTF-8 with a byte order mark": Case("The file", raw(b"\xef\xbb\xbf" + GOOD.encode()), ""),
    "lines that end with CRLF": Case("The file", wrote("\n", "\r\n"), ""),
    "UTF-16": Case("The file", raw(GOOD.encode("utf-16")), ""),
    "UTF-16 cut in the middle of a character": Case(
        "The file", raw(GOOD.encode("utf-16")[:-1]), "UTF-16"
    ),
    "UTF-32": Case("The file", raw(GOOD.encode("utf-32")), "UTF-32"),
    "Korean in EUC-KR": Case(
        "The file", raw(f"# 한글 주석\n{GOOD}".encode("cp949")), "EUC-KR", "1:3"
    ),
    # --- YAML
    "a bracket that is never closed": Case(
        "YAML", wrote("random}", "random"), "is not closed", "8:16"
    ),
    "a tab before a field": Case("YAML", wrote("  name: story", "\tname: story"), "tab", "4:1"),
    "a key written twice": Case(
        "YAML",
        wrote("  maxTrialCount: 4", "  maxTrialCount: 4\n  maxTrialCount: 5"),
        "twice",
        "9:3",
    ),
    "a field indented too far": Case(
        "YAML", wrote("  maxTrialCount", "    maxTrialCount"), "indentation", "8:5"
    ),
    "a billion laughs": Case("YAML", raw(LAUGHS + "z: *a8\n"), "aliases"),
    "an alias of itself": Case("YAML", raw("a: &a [*a]\n"), "itself", "1:8"),
    "100,000 lists in one another": Case("YAML", raw("[" * 100_000), "100 deep", "1:101"),
    "100,000 maps in one another": Case("YAML", raw('{"a":' * 100_000), "100 deep"),
    "a tag that makes Python objects": Case(
        "YAML", raw("kind: !!python/object/apply:os.system [id]\n"), "tag", "1:7"
    ),
    "a document that is a list": Case("YAML", raw("- a\n- b\n"), "object is wanted", "1:1"),
    "a document that is a number": Case("YAML", raw("42\n"), "object is wanted", "1:1"),
    "prose": Case("YAML", raw("Dear munshi, please tune my network.\n"), "object is wanted", "1:1"),
    # --- size
    "a file of 10 MB": Case("Size", raw(GOOD + "# and so on\n" * (HUGE // 12)), "1.5 MiB"),
    "a text of 10 MB": Case("Size", wrote("image: none", f"image: {'x' * HUGE}"), "1.5 MiB"),
    "a number of 10 MB": Case(
        "Size", wrote("maxTrialCount: 4", f"maxTrialCount: {'9' * HUGE}"), "1.5 MiB"
    ),
    "a number of 1 MB": Case(
        "Size", wrote("maxTrialCount: 4", f"maxTrialCount: {'9' * (1 << 20)}"), "20 digits", "8:18"
    ),
    "a bound of 1 MB": Case("Size", wrote('max: "1"', f'max: "{"9" * (1 << 20)}"'), "not a number"),
    "a name of 1 MB": Case(
        "Size", wrote("name: story", f"name: {'a' * (1 << 20)}"), "at most 40", "4:9"
    ),
    "10,000 parameters": Case("Size", edited(many_parameters), "30,000 values"),
    "60,000 documents": Case("Size", raw("---\na: b\n" * 60_000), "30,000 values"),
    # --- the object
    "a kind that is misspelt": Case(
        "The object", change("kind", value="Experimnt"), 'did you mean "Experiment"?', "3:11"
    ),
    "a kind that munshi does not run": Case(
        "The object", change("kind", value="Deployment"), "Deployment", "3:11"
    ),
    "a version of the future": Case(
        "The object",
        change("apiVersion", value="kubeflow.org/v2"),
        "not a version munshi speaks",
        "2:17",
    ),
    "no kind": Case("The object", raw("apiVersion: kubeflow.org/v1beta1\n"), "is missing", "1:1"),
    "a Trial": Case("The object", change("kind", value="Trial"), "munshi's own to make", "3:11"),
    "a field that is misspelt": Case(
        "The object",
        wrote("maxTrialCount", "maxTrialCuont"),
        'did you mean "maxTrialCount"?',
        "8:3",
    ),
    "a text where a number belongs": Case(
        "The object", wrote("Count: 4", 'Count: "4"'), "without quotes", "8:18"
    ),
    "a map where a list belongs": Case(
        "The object",
        wrote("- {name: x, parameterType", "{name: x, parameterType"),
        "list is wanted",
        "10:5",
    ),
    "an algorithm that is misspelt": Case(
        "The object", story(algorithm="rnadom"), 'did you mean "random"?'
    ),
    "an algorithm that does not exist": Case(
        "The object", story(algorithm="oracle"), "known: auto"
    ),
    "a Korean name": Case("The object", wrote("name: story", "name: 실험"), "a-z", "4:9"),
    "a name that reads from right to left": Case(
        "The object", wrote("name: story", 'name: "\\u202eyrots"'), "a-z", "4:9"
    ),
    "a name that leads out of its folder": Case(
        "The object", wrote("name: story", "name: ../../etc"), "not", "4:9"
    ),
    "parameters named in Korean, Arabic and emoji": Case(
        "The object",
        story(
            parameters=[
                choice("학습률", "작게", "크게"),
                choice("معدل", "a", "b"),
                choice("🙂", "1", "2"),
            ],
            container={
                "env": [],
                "args": [
                    "${trialParameters.학습률}",
                    "${trialParameters.معدل}",
                    "${trialParameters.🙂}",
                ],
            },
        ),
        "",
    ),
    "a parameter named ../../etc": Case(
        "The object",
        story(
            parameters=[choice("../../etc", "1")],
            container={"env": [], "args": ["${trialParameters.../../etc}"]},
        ),
        "",
    ),
    # --- the trial template
    "a placeholder that is misspelt": Case(
        "The trial template",
        wrote("trialParameters.x}", "trialParameters.y}"),
        "has no trialParameter",
        "25:33",
    ),
    "a trialSpec that is a text": Case(
        "The trial template",
        change("spec", "trialTemplate", "trialSpec", value="kind: Job"),
        "an object is wanted",
    ),
    "a Go template with an unclosed block": Case(
        "The trial template",
        go(JOB + '        {{- range .HyperParameters}}\n        - "{{.Value}}"'),
        "{{- end}}",
        "28:17",
    ),
    "a Go template that renders no YAML": Case(
        "The trial template", go(JOB + "        - [\n"), "not YAML"
    ),
    "a Go template that renders a list": Case(
        "The trial template", go("- {{.Trial}}"), "not an object"
    ),
    "a Go template that calls itself": Case(
        "The trial template",
        go('{{define "a"}}{{template "a" .}}{{end}}{{template "a" .}}'),
        "calls itself",
    ),
    "a Go template with loops within loops": Case(
        "The trial template",
        go("{{range $.HyperParameters}}" * 40 + "x" + "{{end}}" * 40),
        "more than 50,000 steps",
    ),
    "a Go template that doubles itself 30 times": Case(
        "The trial template", go(DOUBLINGS + '{{template "t30"}}'), "20 deep"
    ),
    "a Go template that prints a billion blanks": Case(
        "The trial template", go(JOB + '        - {{printf "%999999999d" 1}}'), "width above 1000"
    ),
    "a Go template that loops over a number": Case(
        "The trial template",
        go(JOB + "        - {{range 1000000000}}x{{end}}"),
        "range goes over a list",
    ),
    "a Go template that calls a shell": Case(
        "The trial template", go(JOB + '        - {{exec "id"}}'), "function"
    ),
    # --- metrics
    "a filter with nested repetitions": Case("Metrics", metric_filter(r"(\w+)=((a+)+)+$"), ""),
    "a filter that repeats a thousand times a thousand": Case(
        "Metrics", metric_filter(r"((a{1000}){1000})=(\d+)"), "repetition"
    ),
    "a filter that RE2 would need seconds for": Case(
        "Metrics", metric_filter(SLOW_FILTER), "too large"
    ),
    "a filter with 10,000 brackets": Case(
        "Metrics", metric_filter("(" * 10_000 + ")" * 10_000), ""
    ),
    "a filter that looks back": Case("Metrics", metric_filter(r"(\w+)=(\1)"), "1"),
    "a metrics file outside: /../../etc": Case(
        "Metrics", collector("/../../etc/passwd"), "goes upwards"
    ),
    "a metrics file with a NUL": Case("Metrics", collector("/train/a\0b"), "NUL"),
    "a metrics file that is the whole disk": Case("Metrics", collector("/"), "whole file system"),
}

if __name__ == "__main__":
    file = Path(__file__).resolve().parents[2] / "docs" / "bad-input.md"
    before, begin, rest = file.read_text("utf-8").partition("<!-- the table begins -->\n")
    _, end, after = rest.partition("<!-- the table ends -->\n")
    file.write_text(f"{before}{begin}{page()}{end}{after}", "utf-8")
