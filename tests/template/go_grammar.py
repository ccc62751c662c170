"""Trial templates by chance: from a small grammar that mostly renders, and from a soup of tokens."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

Variables = tuple[tuple[str, str], ...]

WORDS = st.sampled_from(
    [
        "",
        "a",
        "=",
        "-",
        "%",
        "0.01",
        "--lr",
        "<b>&'\"",
        "한글",
        "a b\n",
        "\\",
        "\r\n",
        "é\u200b",
        "{{.}}",
        "\0",
        "~+/",
    ]
)
PRINTERS = ("print", "println", "html", "js", "urlquery")
TEXTS = st.lists(WORDS, max_size=3).map("".join)


def data() -> SearchStrategy[dict[str, Any]]:
    """What a template may ask for, in the oracle's form."""
    item = st.fixed_dictionaries({"Name": TEXTS, "Value": TEXTS})
    return st.fixed_dictionaries(
        {
            "Experiment": TEXTS,
            "Trial": TEXTS,
            "NameSpace": TEXTS,
            "HyperParameters": st.lists(item, min_size=1, max_size=3) | st.just([]),
        }
    )


@st.composite
def templates(draw: DrawFn) -> str:
    """A template of the documented constructs; a few have a wrong field, kind or end."""
    return _Writer(draw).block("root", 3, (("$", "root"),))


class _Writer:
    """Writes expressions of a wanted kind, knowing what the dot is; `variables` are (name, kind) in scope."""

    def __init__(self, draw: DrawFn) -> None:
        self.draw = draw
        self.named = 0

    def pick(self, *choices: str) -> str:
        return self.draw(st.sampled_from(choices))

    def chance(self, one_in: int) -> bool:
        return self.draw(st.sampled_from(range(one_in))) == one_in // 2

    def action(self, inner: str) -> str:
        left, right = (
            self.pick("{{", "{{", "{{ ", "{{- ", "{{-\n"),
            self.pick("}}", "}}", " }}", " -}}"),
        )
        return left + inner + right

    def block(self, dot: str, depth: int, variables: Variables) -> str:
        written = ""
        for _ in range(self.draw(st.integers(0, 3))):
            written += self.pick("", "x", " \n  - ", "\r\n", "\t", '"', "한글 ", "} }", "{ { ", "-")
            shape = self.pick(
                "say", "say", "say", "declare", "if", "with", "range", "comment", "block", "else if"
            )
            if shape == "say" or depth == 0:
                kind = self.pick("text", "text", "number", "bool", "list", "item")
                written += self.action(self.expression(kind, dot, 2, variables))
            elif shape == "comment":
                written += self.pick("{{/* x */}}", "{{- /* {{ */ -}}", "{{/*\n*/}}")
            elif shape == "declare":
                self.named += 1
                kind = self.pick("text", "number", "bool", "list", "item")
                written += self.action(
                    f"$v{self.named} := {self.expression(kind, dot, 2, variables)}"
                )
                variables = (*variables, (f"$v{self.named}", kind))
            else:
                written += self.compound(shape, dot, depth - 1, variables)
        if self.chance(60):
            written += self.pick("{{end}}", "{{.Nmae}}", "{{range}}", "{{", "{{if 1}}", "{{foo}}")
        return written

    def compound(self, shape: str, dot: str, depth: int, variables: Variables) -> str:
        end = self.action("end")
        other = self.action("else") + self.block(dot, depth, variables) if self.chance(3) else ""
        kind = self.pick("text", "number", "bool", "list", "item")
        value = self.expression(kind, dot, 2, variables)
        match shape:
            case "if":
                return self.action(f"if {value}") + self.block(dot, depth, variables) + other + end
            case "else if":
                first, second = (self.block(dot, depth, variables) for _ in range(2))
                condition = self.expression("bool", dot, 1, variables)
                chain = self.action(f"if {value}") + first + self.action(f"else if {condition}")
                return chain + second + other + end
            case "with":
                self.named += 1
                name = f"$v{self.named}"
                named, inside = (
                    (f"{name} := ", (*variables, (name, kind)))
                    if self.chance(3)
                    else ("", variables)
                )
                return (
                    self.action(f"with {named}{value}")
                    + self.block(kind, depth, inside)
                    + other
                    + end
                )
            case "range":
                value = self.expression("list", dot, 2, variables)
                return (
                    self.action(f"range {value}")
                    + self.block("item", depth, variables)
                    + other
                    + end
                )
            case _:
                self.named += 1
                body = self.block(kind, depth, (("$", kind),))
                return self.action(f'block "b{self.named}" {value}') + body + end

    def expression(self, kind: str, dot: str, depth: int, variables: Variables) -> str:
        held = [name for name, what in variables if what == kind]
        if held and self.chance(3):
            return self.pick(*held)
        if dot == kind and self.chance(2):
            return "."
        if self.chance(80):
            kind = self.pick("text", "number", "bool", "list", "item")
        if depth == 0:
            return self.plain(kind, dot, variables)

        def of(what: str) -> str:
            inner = self.expression(what, dot, depth - 1, variables)
            return (
                inner
                if " " not in inner and "|" not in inner and inner[0] in '."0123456789$`'
                else f"({inner})"
            )

        match kind:
            case "text":
                shape = self.pick("plain", "print", "printf", "pipe", "slice", "or", "field")
                any_kind = self.pick("text", "number", "bool", "item")
                return {
                    "plain": lambda: self.plain(kind, dot, variables),
                    "print": lambda: f"{self.pick(*PRINTERS)} {of(any_kind)} {of('text')}",
                    "printf": lambda: self.printf(of),
                    "pipe": lambda: f"{of('text')} | {self.pick(*PRINTERS)}",
                    "slice": lambda: f"slice {of('text')} 0 {self.pick('0', '1', '2')}",
                    "or": lambda: f"{self.pick('or', 'and')} {of('text')} {of('text')}",
                    "field": lambda: f"{of('item')}.{self.pick('Name', 'Value')}",
                }[shape]()
            case "number":
                shape = self.pick("plain", "len", "index")
                if shape == "plain":
                    return self.plain(kind, dot, variables)
                return (
                    f"len {of(self.pick('text', 'list'))}"
                    if shape == "len"
                    else f"index {of('text')} 0"
                )
            case "bool":
                shape = self.pick("plain", "eq", "order", "not", "and")
                what = self.pick("text", "number", "bool")
                return {
                    "plain": lambda: self.plain(kind, dot, variables),
                    "eq": lambda: f"{self.pick('eq', 'ne')} {of(what)} {of(what)}",
                    "order": lambda: f"{self.pick('lt', 'le', 'gt', 'ge')} {of(what)} {of(what)}",
                    "not": lambda: f"not {of(self.pick('text', 'number', 'bool', 'list', 'item'))}",
                    "and": lambda: f"{self.pick('and', 'or')} {of('bool')} {of('bool')}",
                }[shape]()
            case "list":
                return (
                    f"slice {of('list')} {self.pick('0', '1', '0 1')}"
                    if self.chance(3)
                    else self.plain(kind, dot, variables)
                )
            case _:
                return f"index {of('list')} {self.pick('0', '0', '1')}"

    def printf(self, of: Any) -> str:
        flags = self.pick("", "", "-", "0", "+")
        width = self.pick("", "", "1", "7")
        precision = self.pick("", "", ".0", ".2", ".")
        kind, verbs = self.pick("text", "number", "bool"), "svdqxXotceEfFgGUbT%"
        return f'printf "<%{flags}{width}{precision}{self.pick(*verbs, *"svd" * 4)}>" {of(kind)}'

    def plain(self, kind: str, dot: str, variables: Variables) -> str:
        match kind:
            case "text":
                own = {
                    "item": (".Name", ".Value"),
                    "root": (".Trial", ".NameSpace", ".Experiment"),
                }.get(dot, ('"x"',))
                return self.pick(*own, *own, '"a-b"', "`raw\\n`", '"\\u00e9<\\"\\n"', '"é"', '""')
            case "number":
                return self.pick(
                    "0", "1", "-3", "3.5", "1e3", "2.5e21", "1e-7", "'a'", "100", "0.1", "1000000.0"
                )
            case "bool":
                return self.pick("true", "false")
            case "list":
                if dot == "list":
                    return "."
                if dot == "root":
                    return ".HyperParameters"
                return "$.HyperParameters" if ("$", "root") in variables else "$"
            case _:
                return f"(index {self.plain('list', dot, variables)} 0)"


@st.composite
def damaged(draw: DrawFn) -> str:
    """A template of the grammar with a few characters lost, doubled or put in."""
    text = draw(templates())
    at = draw(st.integers(0, len(text)))
    gone = draw(st.integers(0, 3))
    return (
        text[:at] + draw(st.sampled_from(["", "", text[at : at + 5], *TOKENS])) + text[at + gone :]
    )


TOKENS = [
    *(
        "{{",
        "}}",
        "{{-",
        "-}}",
        "/*",
        "*/",
        "if",
        "with",
        "range",
        "end",
        "else",
        "define",
        "block",
        "template",
    ),
    *(
        "break",
        ".",
        ".Trial",
        ".HyperParameters",
        ".Name",
        "$",
        "$x",
        ":=",
        "=",
        ",",
        "|",
        "(",
        ")",
        "1",
        "-2",
    ),
    *(
        "0x1F",
        "1_0",
        "07",
        "1i",
        "1.5.",
        '"s"',
        '"a',
        "`r`",
        "'",
        "'c'",
        "nil",
        "true",
        "len",
        "print",
    ),
    *("printf", "eq", "and", "index", "-", ":", "é", "\\", "}", "{"),
]


def soups() -> SearchStrategy[str]:
    """Anything that looks a little like a template: mostly faulty, in every way."""
    piece = st.sampled_from(
        [*TOKENS, " ", " ", "\n", "{{", "}}", "{{.Trial}}", "{{end}}", '{{"', "x"]
    )
    return st.lists(piece, max_size=14).map("".join)
