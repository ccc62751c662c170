"""Trial templates of v1alpha3: every fault found and explained, no template dangerous, values left alone."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from munshi.errors import Mark, TemplateBroken
from munshi.template import go_template
from munshi.template.go_template import TrialData
from support.effort import effort
from template import go_grammar

SHIPPED = {
    path.stem: path.read_bytes().decode()
    for path in sorted((Path(__file__).parent / "v1alpha3").glob("*.gotemplate"))
}


def data(*items: tuple[str, str], trial: str = "tune-x7k2") -> TrialData:
    """A trial of the Experiment `tune` with these hyperparameters."""
    return TrialData("tune", trial, "kubeflow", items)


LR = ("--lr", "0.02")

# A tutorial stops here, right after the line that opens the block.
CUT_OFF = SHIPPED["tfjob"][: SHIPPED["tfjob"].index("\n", SHIPPED["tfjob"].index("{{- with"))]


def test_a_tutorial_that_stops_after_with() -> None:
    """The unclosed block is named with its line, and the lines that complete the template are given."""
    (fault,) = go_template.check(CUT_OFF)
    assert '"{{- with .HyperParameters}}"' in fault.problem
    assert fault.mark == Mark(CUT_OFF.count("\n") + 1, 15)
    assert fault.completion.splitlines() == [
        "              {{- range .}}",
        '              - "{{.Name}}={{.Value}}"',
        "              {{- end}}",
        "              {{- end}}",
    ]


def test_the_completed_tutorial_is_the_shipped_example() -> None:
    """With the given lines, the cut-off template says what the example it was taken from says."""
    (fault,) = go_template.check(CUT_OFF)
    completed = f"{CUT_OFF}\n{fault.completion}"
    assert go_template.render(completed, data(LR)) == go_template.render(SHIPPED["tfjob"], data(LR))


UNCLOSED: dict[str, tuple[str, list[str]]] = {
    "range over the list, empty": (
        "a:\n  {{- range .HyperParameters}}\n",
        ['  - "{{.Name}}={{.Value}}"\n  {{- end}}'],
    ),
    "range over the root's list": (
        "{{range $.HyperParameters}}",
        ['- "{{.Name}}={{.Value}}"\n{{- end}}'],
    ),
    "with and range, both open and empty": (
        " {{- with .HyperParameters}}\n {{- range .}}\n",
        [" {{- end}}", ' - "{{.Name}}={{.Value}}"\n {{- end}}'],
    ),
    "range that has its body": (
        "{{range .HyperParameters}}\n- {{.Name}}\n",
        ["{{- end}}"],
    ),
    "with whose range is closed": (
        "\t{{- with .HyperParameters}}\n\t{{- range .}}- x\n\t{{- end}}\nrestartPolicy: Never",
        ["\t{{- end}}"],
    ),
    "with of something else": ("{{with .Trial}}\n", ["{{- end}}"]),
    "range over a dot that is no list": (
        "{{if .Trial}}{{with .Trial}}{{range .}}",
        ["{{- end}}"] * 3,
    ),
    "if in the middle of a line": ("  - a{{if .Trial}}b", ["  {{- end}}"]),
    "define": ('{{define "x"}}\n', ["{{- end}}"]),
    "block": ('{{block "x" .}}\n', ["{{- end}}"]),
    "an opener that is itself not closed": ("{{if .Trial\nx", ["", "{{- end}}"]),
}


@pytest.mark.parametrize("name", UNCLOSED)
def test_unclosed_blocks(name: str) -> None:
    """Each unclosed block is a fault of its own with the lines that close it."""
    text, completions = UNCLOSED[name]
    faults = [fault for fault in go_template.check(text) if "field" not in fault.problem]
    assert [fault.completion for fault in faults if "goes over" not in fault.problem] == completions


@pytest.mark.parametrize("name", SHIPPED)
def test_every_cut_can_be_completed(name: str) -> None:
    """A shipped template cut after any line becomes a good one by its completions, the last block's first."""
    lines = SHIPPED[name].splitlines()
    for count in range(len(lines) + 1):
        cut = "\n".join(lines[:count])
        completions = [fault.completion for fault in reversed(go_template.check(cut))]
        assert go_template.check("\n".join([cut, *completions])) == []


FAULTS: dict[str, tuple[str, list[tuple[int, int, str, str]]]] = {
    "a stray end": ("a\n  {{end}}", [(2, 3, "no block is open", "remove it")]),
    "a stray else": ("{{else}}", [(1, 1, "belongs to no if", "remove it")]),
    "a second else": ("{{if 1}}{{else}}{{else}}{{end}}", [(1, 17, "after the last else", "one")]),
    "an action that meets the next": (
        "a: {{ .Trial\nb: {{.NameSpace}}",
        [(1, 4, '"{{ .Trial" is never closed', 'write "}}"')],
    ),
    "an action with one brace": ("a: {{.Trial}\n", [(1, 4, '"{{.Trial}"', 'write "{{.Trial}}"')]),
    "an action at the end": ("{{ .Trial", [(1, 1, '"{{ .Trial"', 'write "}}"')]),
    "a quote": ('{{print "a}}\n{{.Trial}}', [(1, 1, "quote", 'second "')]),
    "a comment": ("x {{/* y }}", [(1, 3, "comment", '"*/}}"')]),
    "a comment that does not touch its braces": (
        "{{ /* y */ }}",
        [(1, 1, "more than a comment", "at once before")],
    ),
    "a comment with company": ("{{/* y */ .Trial}}", [(1, 1, "more than a comment", "{{/*")]),
    "a function nearly right": ("{{lenn .Trial}}", [(1, 3, '"lenn"', 'did you mean "len"?')]),
    "a function far off": ("{{toYaml .}}", [(1, 3, '"toYaml"', "known here: and, eq")]),
    "a field without dot": ("{{Trial}}", [(1, 3, "no function", 'did you mean ".Trial"?')]),
    "namespace in small": (
        "{{.Namespace}}",
        [(1, 3, '".Namespace"', 'did you mean ".NameSpace"?')],
    ),
    "hyperparameters in small": (
        "{{range .Hyperparameters}}{{end}}",
        [
            (1, 9, '".Hyperparameters"', 'did you mean ".HyperParameters"?'),
        ],
    ),
    "name in small": (
        "{{range .HyperParameters}}\n{{.name}}{{end}}",
        [(2, 3, '".name"', 'did you mean ".Name"?')],
    ),
    "the root's field in a range": (
        "{{range .HyperParameters}}{{.Trial}}{{end}}",
        [(1, 29, '".Trial"', '"$.Trial"')],
    ),
    "a hyperparameter's field at the root": ("{{.Value}}", [(1, 3, '".Value"', "inside {{range")]),
    "a field of the list": ("{{.HyperParameters.Name}}", [(1, 3, "the list", "{{range")]),
    "a field of text": ("{{.Trial.Name}}", [(1, 3, "text has no such field", "without it")]),
    "a field of text reached by with": (
        "{{with .Trial}}{{.Name}}{{end}}",
        [(1, 18, "text has no such field", "without it")],
    ),
    "a field in a called template": (
        '{{define "a"}}{{.Trial}}{{end}}{{range .HyperParameters}}{{template "a" .}}{{end}}',
        [(1, 17, '".Trial"', "$.Trial")],
    ),
    "range over text": ("{{range .Trial}}{{end}}", [(1, 9, "this is text", ".HyperParameters")]),
    "an unknown template": ('{{define "arg"}}{{end}}{{template "ar"}}', [(1, 24, '"ar"', '"arg"')]),
    "an undeclared variable": ("{{$x}}", [(1, 3, "$x", "{{$x :=")]),
    "recursion": (
        '{{define "a"}}{{template "a"}}{{end}}{{template "a"}}',
        [(1, 15, "a -> a", "recursion")],
    ),
    "an empty action": ("{{}}", [(1, 3, "a value is missing", "{{.Trial}}")]),
    "values after a field": ('{{.Trial "x"}}', [(1, 3, "no function", "{{print")]),
    "places are counted in characters": ("한글 {{.Trail}}", [(1, 6, '".Trail"', '".Trial"')]),
    "all at once, in their order": (
        (
            "{{.Trail}}\n{{lenn .Trial}}\n{{.Namespace}}\n{{printf | | print}}\n"
            "{{range .HyperParameters}}{{.Nam}}{{end}}"
        ),
        [
            (1, 3, '".Trail"', ".Trial"),
            (2, 3, '"lenn"', "len"),
            (3, 3, '".Namespace"', ".NameSpace"),
            (4, 10, "between two", "function"),
            (5, 29, '".Nam"', ".Name"),
        ],
    ),
    "nothing is guessed after a broken block": (
        "{{range .HyperParameters}\n{{.Name}}\n{{end}}",
        [(1, 1, "never closed", '"{{range .HyperParameters}}"')],
    ),
    "a lost variable is not missed again": (
        "{{$x := }}\n{{$x}}",
        [(1, 9, "a value is missing", "{{.Trial}}")],
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults(name: str) -> None:
    """Every fault says what is wrong, where, and how to mend it; no other fault is invented."""
    text, expected = FAULTS[name]
    found = go_template.check(text)
    assert [(fault.mark.line, fault.mark.column) for fault in found] == [
        case[:2] for case in expected
    ]
    for fault, (_, _, problem, mend) in zip(found, expected, strict=True):
        assert problem in fault.problem
        assert mend in fault.mend


def test_render_raises_the_first_fault() -> None:
    """Rendering a faulty template raises its first fault, with place and mend, and counts the others."""
    with pytest.raises(TemplateBroken) as raised:
        go_template.render("a\n{{.Namespace}}{{.Foo}}", data())
    assert raised.value.mark == Mark(2, 3)
    assert "1 more fault" in raised.value.problem
    assert raised.value.mend == 'did you mean ".NameSpace"?'


def test_render_of_several_unclosed_blocks_gives_the_whole_completion() -> None:
    """The error of an unclosed template carries all the lines that complete it, innermost first."""
    with pytest.raises(TemplateBroken) as raised:
        go_template.render("{{with .HyperParameters}}\n{{range .}}", data())
    assert raised.value.mend.splitlines()[1:] == [
        '- "{{.Name}}={{.Value}}"',
        "{{- end}}",
        "{{- end}}",
    ]


def test_faults_of_values_have_a_place() -> None:
    """What only this trial's values show is a TemplateBroken with its place, too."""
    text = "a\n  {{(index .HyperParameters 1).Value}}"
    assert go_template.check(text) == []
    with pytest.raises(TemplateBroken, match="out of range") as raised:
        go_template.render(text, data(LR))
    assert raised.value.mark is not None
    assert raised.value.mark.line == 2


def test_values_are_never_read_as_template() -> None:
    """Braces in a value are text; nothing is escaped or rendered twice."""
    text = "{{range .HyperParameters}}{{.Name}}={{.Value}}{{end}}"
    assert go_template.render(text, data(("{{.Trial}}", '"{{end}}'))) == '{{.Trial}}="{{end}}'


def test_many_hyperparameters() -> None:
    """A thousand hyperparameters are ordinary."""
    items = [(f"--p{number}", "x" * 100) for number in range(1000)]
    assert go_template.render(SHIPPED["tfjob"], data(*items)).count("--p") == 1000


HOSTILE = {
    "a printf of 900 MB": '{{printf "%900000000d" 1}}',
    "a precision of 900 MB": '{{printf "%.900000000f" 1.5}}',
    "a width given as a value": '{{printf "%*d" 900000000 1}}',
    "ranges in ranges": "{{range $.HyperParameters}}" * 40 + "{{end}}" * 40,
    "ranges in ranges without output": "{{range $.HyperParameters}}" * 5
    + "{{if 0}}{{end}}"
    + "{{end}}" * 5,
    "a range over a large number": "{{range 1000000000}}{{end}}",
    "a template that calls itself twice": (
        '{{define "a"}}{{template "a" .}}{{template "a" .}}{{end}}{{template "a" .}}'
    ),
    "two templates in a circle": (
        '{{define "a"}}{{template "b"}}{{end}}{{define "b"}}{{template "a"}}{{end}}{{template "a"}}'
    ),
    "doubling calls": "".join(
        f'{{{{define "t{n}"}}}}{{{{template "t{n + 1}"}}}}{{{{template "t{n + 1}"}}}}{{{{end}}}}'
        for n in range(19)
    )
    + '{{define "t19"}}x{{end}}{{template "t0"}}',
    "a long chain of calls": "".join(
        f'{{{{define "t{n}"}}}}{{{{template "t{n + 1}"}}}}{{{{end}}}}' for n in range(200)
    )
    + '{{define "t200"}}x{{end}}{{template "t0"}}',
    "doubling text": '{{$x := "0123456789abcdef"}}' + "{{$x = print $x $x}}" * 40,
    "long output": '{{$x := printf "%1000d" 1}}{{$y := print $x $x $x $x $x}}{{range .HyperParameters}}'
    + "{{$y}}" * 50
    + "{{end}}",
    "deep parentheses": "{{" + "(" * 5000 + "1" + ")" * 5000 + "}}",
    "deep blocks": "{{if 1}}" * 5000,
    "a long chain of else if": "{{if 0}}" + "{{else if 0}}" * 4000 + "{{end}}",
    "a number of 60,000 digits": "{{" + "1" * 60000 + "}}",
    "unclosed comments": "{{/*" * 10000,
    "unclosed quotes": '{{"\n' * 10000,
    "stray ends": "{{end}}" * 9000,
    "more text than is read": "x" * 100_000,
    "an attribute of Python": "{{.Trial.upper}}",
    "a class of Python": "{{.__class__}}",
    "a method of the data": "{{(index .HyperParameters 0).__str__}}",
    "half a character in an action": "{{\ud800}}",
    "a zero byte in an action": "{{\0}}",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile(name: str) -> None:
    """A hostile template is refused for less than ten references of work (about 0.2 s) and 32 MiB."""
    go_template.check("")  # load gotpl outside of the measured time
    items = [(f"--p{number}", "v") for number in range(30)]

    def refused(attempt: int) -> None:
        with pytest.raises(TemplateBroken):  # blanks: no text is read a second time from the cache
            go_template.render(HOSTILE[name] + " " * attempt, data(*items))

    assert effort(refused, enough=10) < 10
    tracemalloc.start()
    try:
        refused(99)
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()


def test_no_more_than_twenty_faults() -> None:
    """A template faulty everywhere gives its first twenty faults."""
    assert len(go_template.check("{{.X}}" * 100)) == 20
    assert len(go_template.check("{{end}}" * 100)) == 20


def test_one_rendering_does_not_burden_the_next() -> None:
    """The bound on text is for each rendering alone."""
    text = '{{len (printf "%1000d" 1)}}' * 100
    for _ in range(10):
        assert go_template.render(text, data()) == "1000" * 100


@settings(deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text() | go_grammar.soups() | go_grammar.damaged())
@example("{{if:000{{\nelse:}}{{}}")  # an action whose stand-in covered a newline
def test_any_text_is_judged(text: str) -> None:
    """Whatever the text, `check` answers with faults that lie inside it, and `render` agrees with it."""
    faults = go_template.check(text)
    lines = text.split("\n")
    for fault in faults:
        assert 1 <= fault.mark.line <= len(lines)
        assert 1 <= fault.mark.column <= len(lines[fault.mark.line - 1]) + 1
        assert fault.problem
        assert fault.problem.isprintable()
        assert fault.mend
        assert fault.mend.isprintable()
    marks = [(fault.mark.line, fault.mark.column) for fault in faults]
    assert marks == sorted(marks)
    if faults:
        with pytest.raises(TemplateBroken) as raised:
            go_template.render(text, data(LR))
        assert raised.value.mark == faults[0].mark


@given(go_grammar.templates())
@settings(
    deadline=None, database=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow]
)
def test_unclosed_templates_complete(text: str) -> None:
    """Whatever an unclosed template lacks, its completions close it."""
    cut = text[: text.rfind("{{")] if "{{" in text else text
    completions = [
        fault.completion for fault in reversed(go_template.check(cut)) if fault.completion
    ]
    again = go_template.check("\n".join([cut, *completions]))
    assert not any("the block" in fault.problem for fault in again)


def test_gotpl_is_loaded_late() -> None:
    """Importing the module does not load gotpl: whoever uses v1beta1 does not pay for it."""
    program = "import sys, munshi.template.go_template; sys.exit('gotpl' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode == 0
