"""Go's own text/template judges ours: the same bytes, or both refuse, or we are narrower as documented."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from munshi.errors import TemplateBroken
from munshi.template import go_template
from munshi.template.go_template import TrialData
from support.oracle import ask
from template import go_grammar

pytestmark = pytest.mark.oracle

EXAMPLES = sorted((Path(__file__).parent / "v1alpha3").glob("*.gotemplate"))

DATA: dict[str, Any] = {
    "Experiment": "random-experiment",
    "Trial": "random-experiment-x7k2",
    "NameSpace": "kubeflow",
    "HyperParameters": [
        {"Name": "--lr", "Value": "0.0234"},
        {"Name": "--옵티마이저", "Value": "sgd & 'adam' <\"x\">"},
        {"Name": "--empty", "Value": ""},
    ],
}

RENDERED = {
    "a field": "{{.Trial}}",
    "all fields": "{{.Experiment}}/{{.Trial}}/{{.NameSpace}}",
    "the list as Go prints it": "{{.HyperParameters}}",
    "the whole data as Go prints it": "{{.}}",
    "text without action": "apiVersion: batch/v1\n",
    "nothing at all": "",
    "Korean around and inside": '이름: {{.Trial}} {{print "값 " .NameSpace}}',
    "carriage returns in text and action": "a:\r\n  {{.Trial\r\n}}\r\n{{- .NameSpace -}}\r\n b",
    "trim before": "a \n\t {{- .Trial}} b",
    "trim after": "a {{.Trial -}} \n\t b",
    "trim both": "a \n {{- .Trial -}} \n b",
    "a minus that is no trim marker": "a {{-3}} b",
    "trim next to a number": "a {{- 3 -}} b",
    "a comment": "a {{/* {{ not an action }} */}} b",
    "a comment that trims": "a {{- /* x */ -}} b",
    "a comment of two lines": "a{{/* x\n y */}}b",
    "range with the dot": "{{range .HyperParameters}}{{.Name}}={{.Value}};{{end}}",
    "range and with as shipped": (
        '{{- with .HyperParameters}}\n{{- range .}}\n- "{{.Name}}={{.Value}}"\n{{- end}}\n{{- end}}'
    ),
    "range with a variable": "{{range $p := .HyperParameters}}{{$p.Name}} {{end}}",
    "range with index and variable": "{{range $i, $p := .HyperParameters}}{{$i}}:{{$p.Value}} {{end}}",
    "range prints a whole item": "{{range .HyperParameters}}{{.}}{{end}}",
    "range with else, not empty": "{{range .HyperParameters}}x{{else}}none{{end}}",
    "range with else, empty": "{{range slice .HyperParameters 3}}x{{else}}none{{end}}",
    "range in range": "{{range .HyperParameters}}[{{range $.HyperParameters}}{{.Name}}{{end}}]{{end}}",
    "the root from inside a range": "{{range .HyperParameters}}{{$.Trial}}{{.Name}} {{end}}",
    "range assigns to outer variables": (
        '{{$last := ""}}{{range .HyperParameters}}{{$last = .Name}}{{end}}{{$last}}'
    ),
    "separators by index": "{{range $i, $p := .HyperParameters}}{{if $i}}, {{end}}{{$p.Name}}{{end}}",
    "if": "{{if .Trial}}yes{{end}}",
    "if else": '{{if eq .Trial "x"}}yes{{else}}no{{end}}',
    "else if": '{{if eq .Trial "x"}}1{{else if eq .NameSpace "kubeflow"}}2{{else}}3{{end}}',
    "if with a variable": "{{if $n := len .HyperParameters}}{{$n}} of them{{end}}",
    "if of zero, empty text and empty list": (
        '{{if 0}}a{{end}}{{if ""}}b{{end}}{{if slice .HyperParameters 3}}c{{end}}'
    ),
    "with": "{{with .Trial}}{{.}}{{end}}",
    "with else": '{{with ""}}{{.}}{{else}}{{.Trial}}{{end}}',
    "else with": '{{with ""}}{{.}}{{else with .Trial}}{{.}}{{end}}',
    "with a variable": "{{with $t := .Trial}}{{$t}}={{.}}{{end}}",
    "with a field of the root": "{{with .HyperParameters}}{{len .}}{{$.NameSpace}}{{end}}",
    "variables": "{{$a := .Trial}}{{$b := $a}}{{$b}}",
    "a variable changed in an if": '{{$x := "a"}}{{if true}}{{$x = "b"}}{{end}}{{$x}}',
    "the same name in two blocks": "{{if true}}{{$x := 1}}{{$x}}{{end}}{{if true}}{{$x := 2}}{{$x}}{{end}}",
    "define and template": (
        '{{define "arg"}}--{{.Name}}{{end}}{{range .HyperParameters}}{{template "arg" .}} {{end}}'
    ),
    "a template defined after its call": '{{template "t" .}}{{define "t"}}{{.Trial}}{{end}}',
    "a template without data": '{{define "t"}}fixed [{{.}}]{{end}}{{template "t"}}',
    "the root inside a template is its data": (
        '{{define "t"}}{{$.Name}}{{end}}{{template "t" index .HyperParameters 1}}'
    ),
    "block": '{{block "b" .HyperParameters}}{{len .}}{{end}}',
    "a pipeline": '{{.Trial | printf "%s-%s" "a" | html}}',
    "a pipeline ending in a pipe": "{{.Trial | }}",
    "parentheses": '{{print (len .Trial) (eq 1 2) (print "x")}}',
    "a field of parentheses": "{{(index .HyperParameters 1).Value}}",
    "and, or, not": '{{and 1 ""}}|{{or "" "b"}}|{{not 0}}|{{and true true}}|{{or false 0}}',
    "and stops early": '{{and false (index "" 5)}}',
    "piped into and": "{{true | and 1}}",
    "eq with many": '{{eq .NameSpace "a" "kubeflow"}}{{ne 1 2}}',
    "order": '{{lt 1 2}}{{le 2 2}}{{gt 1.5 2.5}}{{ge "b" "a"}}{{lt "가" "나"}}',
    "index": '{{index .HyperParameters 0}}{{index "abc" 1}}{{index .HyperParameters}}',
    "len counts bytes": '{{len "한글"}} {{len .HyperParameters}}',
    "slice": (
        '{{slice "abcdef" 1 3}}{{slice "abc" 1}}{{slice "abc"}}{{slice "한글" 3 6}}'
        "{{len (slice .HyperParameters 1 2)}}"
    ),
    "print and its spaces": '{{print 1 2 "a" "b" 3 true .HyperParameters}}',
    "println": '{{println 1 "a" true}}{{println}}',
    "print of nothing": "[{{print}}]",
    "printf of text": (
        '{{printf "[%s|%10s|%-10s|%.2s|%v|%x|%X|%q]" "한글" "b" "c" "def" "g" "hi" "hi" '
        '"q\\n\\"한"}}'
    ),
    "printf of integers": (
        '{{printf "[%d|%5d|%-5d|%05d|%+d|% d|%x|%o|%b|%X|%v|%c|%U]" 1 2 3 -4 5 6 255 8 5 255 '
        "7 54620 54620}}"
    ),
    "printf of floats": (
        '{{printf "[%f|%.2f|%8.3f|%e|%g|%v|%+.1f|%-9.1f|%09.1f]" 1.5 2.345 3.14159 1e10 1e-7 '
        "0.1 2.0 2.0 -2.5}}"
    ),
    "printf of booleans and percent": '{{printf "%t %v 100%%" true false}}',
    "floats": "{{1.5}} {{1e3}} {{1e21}} {{1e20}} {{1e-5}} {{0.0001}} {{123456789.0}} {{-0.0}} {{100000.0}}",
    "integers and characters": "{{1}} {{-1}} {{+1}} {{9223372036854775807}} {{'a'}} {{'한'}} {{'\\n'}}",
    "html, js, urlquery": (
        "{{range .HyperParameters}}{{html .Value}} {{js .Value}} {{urlquery .Value}} "
        "{{urlquery .Name}}{{end}}"
    ),
    "js of what cannot be seen": '{{js "a\\u200b\\u00a0\\t\\u2028é😀=\\x7f"}}',
    "html of several": '{{html "<a>" 1 2 .Trial}}',
    "escapes in text": '{{"tab\\t quote\\" back\\\\ bell\\a é\\u00e9 \\U0001F600 \\x41 \\101"}}',
    "raw text": '{{`a\\n"b"`}}',
    "raw text of two lines": "{{`a\r\nb`}}",
    "braces in quotes": '{{"}}"}} {{"{{"}} {{`}}`}}',
    "single braces in text": "{ a } {x} }} {",
    "spaces in an action": "{{   .Trial   }}{{\t.Trial\n}}",
    "true and false": "{{true}} {{false}}",
    "no space after a keyword": "{{if(true)}}a{{end}}{{with.Trial}}{{.}}{{end}}",
    "an empty define": '{{define "x"}}{{end}}[{{template "x"}}]',
    "a define in the middle keeps its spaces": 'a {{define "x"}} b {{end}} c',
    "if whose branch declares nothing outside": (
        "{{if .Trial}}{{$y := .Trial}}{{$y}}{{else}}{{$y := 1}}{{$y}}{{end}}"
    ),
}

REFUSED = {
    "an unclosed with": "{{with .Trial}}",
    "a stray end": "a {{end}}",
    "a stray else": "{{else}}",
    "an unclosed action": "{{ .Trial",
    "an unclosed action before another": "{{ .Trial {{.NameSpace}}",
    "an unclosed comment": "{{/* x }}",
    "a comment that does not touch its braces": "{{ /* x */ }}",
    "a comment with company": "{{/* x */ .Trial}}",
    "an unclosed quote": '{{"x}}',
    "an unclosed parenthesis": "{{(.Trial}}",
    "an unknown function": "{{lenn .Trial}}",
    "an unknown field": "{{.Namespace}}",
    "an unknown field of an item": "{{range .HyperParameters}}{{.name}}{{end}}",
    "a field of text": "{{.Trial.Name}}",
    "a field of the list": "{{.HyperParameters.Name}}",
    "an empty action": "{{}}",
    "if without a value": "{{if}}{{end}}",
    "an undeclared variable": "{{$x}}",
    "a variable out of its block": "{{if true}}{{$x := 1}}{{end}}{{$x}}",
    "a variable of the other branch": "{{if false}}{{$x := 1}}{{else}}{{$x}}{{end}}",
    "range over text": "{{range .Trial}}{{end}}",
    "range over the root": "{{range .}}{{end}}",
    "an unknown template": '{{template "x"}}',
    "a template called with no name": "{{template .Trial}}",
    "define in a block": '{{if true}}{{define "x"}}{{end}}{{end}}',
    "arguments to a field": '{{.Trial "x"}}',
    "piping into a field": '{{"x" | .Trial}}',
    "piping into text": '{{.Trial | "x"}}',
    "two pipes": "{{.Trial | | print}}",
    "index out of range": "{{index .HyperParameters 9}}",
    "index with text": '{{index .HyperParameters "0"}}',
    "slice out of range": '{{slice "abc" 2 9}}',
    "slice backwards": '{{slice "abc" 2 1}}',
    "len of a number": "{{len 3}}",
    "eq of different kinds": '{{eq 1 "1"}}',
    "eq of an integer and a float": "{{eq 1 1.0}}",
    "lt of booleans": "{{lt true false}}",
    "eq of one": "{{eq 1}}",
    "not of two": "{{not 1 2}}",
    "printf of nothing": "{{printf}}",
    "nil": "{{nil}}",
    "a number too large": "{{99999999999999999999}}",
    "a bad number": "{{1x}}",
    "a bad escape": '{{"\\z"}}',
    "a bad character constant": "{{'ab'}}",
    "else if without a value": "{{if 1}}{{else if}}{{end}}",
    "two elses": "{{if 1}}{{else}}{{else}}{{end}}",
    "break outside a range": "{{break}}",
    "a trim marker glued to the end": "{{3-}}",
    "a lone character": "{{,}}",
    "data for a template that reads the wrong thing": '{{define "t"}}{{.Name}}{{end}}{{template "t" .}}',
}

NARROWER = {
    "break": "{{range .HyperParameters}}{{break}}{{end}}",
    "continue": "{{range .HyperParameters}}{{continue}}{{end}}",
    "range over a number": "{{range 3}}x{{end}}",
    "an unknown field in a branch never taken": "{{if false}}{{.Foo}}{{end}}",
    "an unknown template in a branch never taken": '{{if false}}{{template "x"}}{{end}}',
    "two templates of one name": '{{define "a"}}x{{end}}{{define "a"}}{{end}}{{template "a"}}',
    "a template that takes the whole template's name": '{{define "Trial"}}{{end}}x',
    "a template that calls itself in a branch never taken": (
        '{{define "a"}}{{if false}}{{template "a"}}{{end}}{{end}}{{template "a"}}'
    ),
    "a variable that hides another": "{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}",
    "a variable that changes its kind": '{{$x := 1}}{{$x = "a"}}{{$x}}',
    "hexadecimal, octal, binary and grouped numbers": "{{0x10}} {{017}} {{0b1}} {{1_000}}",
    "imaginary numbers": "{{1i}}",
    "comparison with nil": "{{eq nil nil}}",
    "text written byte by byte": '{{"\\xed\\x95\\x9c"}}',
    "a verb that does not fit": '{{printf "%d" "x"}}',
    "a verb without value": '{{printf "%s"}}',
    "values without verb": '{{printf "x" 1}}',
    "the type of a value": '{{printf "%T" 1}}',
    "a width as a value": '{{printf "%*d" 5 1}}',
    "values by number": '{{printf "%[1]d" 1}}',
    "an alternative form": '{{printf "%#x" 255}}',
    "a point without precision": '{{printf "%.s" "abc"}}',
    "printf of a hyperparameter": '{{printf "%v" (index .HyperParameters 0)}}',
    "eq of hyperparameters": "{{eq (index .HyperParameters 0) (index .HyperParameters 1)}}",
    "slice with three indexes": "{{slice .HyperParameters 0 1 2}}",
    "half a character": '{{slice "한" 0 1}}',
    "a character that Python does not know": '{{js "\\U0003FFF0"}}',
    "a width in Arabic digits": '{{printf "%٣d" 1}}',
    "a wide field": '{{printf "%2000d" 1}}',
    "many steps": "{{range $.HyperParameters}}" * 10 + "{{end}}" * 10,
}

# What our errors say where Go is more generous. Every entry is shown by a case of NARROWER or by the fuzzing.
DOCUMENTED = re.compile(
    r"printf |is unknown: Go|slice counts bytes|slice needs|unknown field|there is no template|calls itself|"
    r"hide the first|would become|goes over a list|cannot be read|is not known to the Go|no value is nil|"
    r"byte by byte|takes a name|no function and takes|cannot compare|more than [\d,]+ steps|blocks deep|"
    r"is not declared here"
)


def our(case: dict[str, Any]) -> tuple[str | None, str]:
    """What we render, or the problem."""
    data = case["data"]
    items = tuple((item["Name"], item["Value"]) for item in data["HyperParameters"])
    try:
        given = TrialData(data["Experiment"], data["Trial"], data["NameSpace"], items)
        return go_template.render(case["template"], given), ""
    except TemplateBroken as broken:
        return None, broken.problem


def assert_as_go(cases: list[dict[str, Any]]) -> int:
    """What we render is what Go renders; what we refuse is an error in Go or documented as narrower.

    Returns how many were rendered.
    """
    rendered = 0
    for case, answer in zip(cases, ask("gotemplate", cases), strict=True):
        text, problem = our(case)
        if text is None:
            assert "error" in answer or DOCUMENTED.search(problem), (case, answer, problem)
        else:
            assert answer == {"out": text}, case
            rendered += 1
    return rendered


@pytest.fixture(scope="module")
def go() -> dict[str, dict[str, Any]]:
    """Go's answers for our DATA to every template written by hand."""
    by_hand = [*RENDERED.values(), *REFUSED.values(), *NARROWER.values()]
    answers = ask("gotemplate", [{"template": text, "data": DATA} for text in by_hand])
    return dict(zip(by_hand, answers, strict=True))


@pytest.mark.parametrize("name", RENDERED)
def test_rendered(name: str, go: dict[str, dict[str, Any]]) -> None:
    """What Go renders, we render, byte for byte."""
    assert go[RENDERED[name]] == {"out": our({"template": RENDERED[name], "data": DATA})[0]}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str, go: dict[str, dict[str, Any]]) -> None:
    """What Go refuses, we refuse."""
    assert "error" in go[REFUSED[name]]
    assert our({"template": REFUSED[name], "data": DATA})[0] is None


@pytest.mark.parametrize("name", NARROWER)
def test_narrower(name: str, go: dict[str, dict[str, Any]]) -> None:
    """Where Go renders what we could not promise to render alike, we refuse in documented words."""
    assert "out" in go[NARROWER[name]]
    text, problem = our({"template": NARROWER[name], "data": DATA})
    assert text is None
    assert DOCUMENTED.search(problem), problem


FLAGS = ["", "-", "0", "+", " ", "+0", "-+", "-0", "#"]
VALUES = ['"한a"', '""', "-7", "65", "3.25", "-0.0", "1e21", "2.5e-7", "123456789.0", "true"]


@pytest.mark.parametrize("value", VALUES)
def test_printf(value: str) -> None:
    """Every flag with every width, precision and verb: the same bytes, or refused."""
    parts = itertools.product(FLAGS, ["", "7"], ["", ".", ".2"], "vsqtdboxXcUeEfFgG%T")
    template = f"{{{{printf .Trial {value}}}}}"
    formats = [f"<%{''.join(part)}>" for part in parts]
    cases = [{"template": template, "data": DATA | {"Trial": pattern}} for pattern in formats]
    rendered = assert_as_go(cases)
    assert rendered >= 8


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
@pytest.mark.parametrize("items", [3, 1, 0])
def test_shipped_examples(path: Path, items: int) -> None:
    """The trial templates of Katib's v1alpha3 examples render as in Go, with and without hyperparameters."""
    text = path.read_bytes().decode()
    data = DATA | {"HyperParameters": DATA["HyperParameters"][:items]}
    case = {"template": text, "data": data}
    assert go_template.check(text) == []
    assert ask("gotemplate", [case]) == [{"out": our(case)[0]}]


def test_there_are_examples() -> None:
    """All six distinct templates of the shipped examples are compared."""
    assert len(EXAMPLES) == 6


@pytest.mark.parametrize(
    "templates",
    [go_grammar.templates, go_grammar.damaged, go_grammar.soups],
    ids=lambda t: t.__name__,
)
def test_generated(templates: Any) -> None:
    """For templates by chance, whole, damaged or nonsense: the same bytes, or both refuse, or documented."""
    cases: list[dict[str, Any]] = []

    @settings(
        max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(
        st.builds(
            lambda text, data: {"template": text, "data": data}, templates(), go_grammar.data()
        )
    )
    def collect(case: dict[str, Any]) -> None:
        cases.append(case)

    collect()
    assert assert_as_go(cases) > len(cases) // 10
