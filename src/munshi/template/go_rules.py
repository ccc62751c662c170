"""What a trial template may say beyond good grammar: known fields, fitting kinds, bounded work.

Go finds a wrong field only when it executes the action; this walk over the parsed template finds
all of them at once and before any trial exists. It follows what the dot, `$` and the variables are
(the trial's data, the list of hyperparameters, one of them, text, …) through `with`, `range` and
`template`, and notes a `Fault` for

- a field that its value does not have (an error in Katib, too: its data is a Go struct, not a map);
- a constant or construct that gotpl and Go read differently, or that the Go of Katib's day did not
  know;
- a variable that hides another or changes what it holds;
- templates that call themselves, and work beyond `MOST_STEPS`: since nothing but the list of
  hyperparameters can be ranged over, the number of steps is known before the first one is taken.

Called by `go_engine` with gotpl's syntax tree. Knows no text positions but gotpl's byte offsets,
and renders nothing.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from gotpl.parse import nodes

MOST_STEPS = 50_000
"""How many nodes one rendering may visit; about a tenth of a second."""


class Kind(Enum):
    """What a value in a template is; the value is how an error message calls it."""

    ROOT = "the trial's data"
    LIST = "the list of hyperparameters"
    ITEM = "one hyperparameter"
    TEXT = "text"
    NUMBER = "a number"
    BOOL = "true or false"
    NOTHING = "nothing"
    ANY = "one thing or another"
    UNKNOWN = "unknown"  # after a fault: nothing more is said about it


FIELDS: dict[Kind, dict[str, Kind]] = {
    Kind.ROOT: {
        "Experiment": Kind.TEXT,
        "Trial": Kind.TEXT,
        "NameSpace": Kind.TEXT,
        "HyperParameters": Kind.LIST,
    },
    Kind.ITEM: {"Name": Kind.TEXT, "Value": Kind.TEXT},
}
_EVERY_FIELD = FIELDS[Kind.ROOT] | FIELDS[Kind.ITEM]
_DEEPEST_CALL = 20
_RESULTS = {
    **dict.fromkeys(("print", "printf", "println", "html", "js", "urlquery"), Kind.TEXT),
    **dict.fromkeys(("eq", "ne", "lt", "le", "gt", "ge", "not"), Kind.BOOL),
    "len": Kind.NUMBER,
}
_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]{1,3})?")
_BYTE_ESCAPE = re.compile(r"\\(?:\\|x[89a-fA-F]|[23][0-7])")

Scope = dict[str, Kind]


@dataclass(frozen=True, slots=True)
class Fault:
    """One broken rule; `position` is a byte offset into the template."""

    problem: str
    mend: str
    position: int


def did_you_mean(word: str, known: Sequence[str], prefix: str = "") -> str:
    """A suggestion when `word` is nearly one of `known`, else the whole list."""
    folded = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), folded, n=1, cutoff=0.65)
    if near:
        return f'did you mean "{prefix}{folded[near[0]]}"?'
    return f"known here: {', '.join(prefix + name for name in known)}"


def judge(template: nodes.ParsedTemplate) -> list[Fault]:
    """Every broken rule in what a rendering may reach, in the order of the places."""
    walk = _Walk({definition.name: definition.body for definition in template.definitions})
    walk.body(template.root, Kind.ROOT)
    return sorted(dict.fromkeys(walk.faults), key=lambda fault: fault.position)


def steps(template: nodes.ParsedTemplate, hyper_parameters: int) -> int:
    """At most how many nodes a rendering visits; for templates that `judge` finds nothing in."""
    bodies = {definition.name: definition.body for definition in template.definitions}
    known: dict[str, int] = {}

    def called(name: str) -> int:
        if name not in known:
            known[name] = listed(bodies[name])
        return known[name]

    def listed(body: nodes.ListNode | None) -> int:
        return sum(map(one, body.nodes)) if body else 0

    def one(node: nodes.TemplateNode) -> int:
        match node:
            case nodes.RangeNode():
                rounds = hyper_parameters * (1 + listed(node.body))
                return 1 + _size(node.pipeline) + rounds + listed(node.else_body)
            case nodes.IfNode() | nodes.WithNode():
                return 1 + _size(node.pipeline) + listed(node.body) + listed(node.else_body)
            case nodes.TemplateCallNode() | nodes.BlockNode():
                return 1 + (_size(node.pipeline) if node.pipeline else 0) + called(node.name)
            case nodes.ActionNode():
                return _size(node.pipeline)
            case _:
                return 1

    return listed(template.root)


def _size(pipe: nodes.PipeNode) -> int:
    """How many terms a pipeline evaluates."""
    return sum(
        1 + (_size(term.pipeline) if isinstance(term, nodes.ParenthesizedNode) else 0)
        for command in pipe.commands
        for term in command.arguments
    )


@dataclass(slots=True)
class _Walk:
    """Follows the kinds of dot and variables through a template and the templates it calls."""

    bodies: dict[str, nodes.ListNode]
    faults: list[Fault] = field(default_factory=list)
    done: set[tuple[str, Kind]] = field(default_factory=set)
    trail: list[str] = field(default_factory=list)

    def fault(self, position: int, problem: str, mend: str) -> None:
        self.faults.append(Fault(problem, mend, position))

    # --- blocks

    def body(self, body: nodes.ListNode, dot: Kind) -> None:
        """A whole template: its `$` is its dot."""
        self.block(body, dot, {"$": dot})

    def block(self, body: nodes.ListNode | None, dot: Kind, outside: Scope) -> None:
        scope = dict(outside)
        for node in body.nodes if body else ():
            self.node(node, dot, scope, outside)

    def node(self, node: nodes.TemplateNode, dot: Kind, scope: Scope, outside: Scope) -> None:
        match node:
            case nodes.ActionNode():
                self.pipe(node.pipeline, dot, scope, outside)
            case nodes.IfNode() | nodes.WithNode():
                inside = dict(scope)
                kind = self.pipe(node.pipeline, dot, inside, scope)
                self.block(node.body, kind if isinstance(node, nodes.WithNode) else dot, inside)
                self.block(node.else_body, dot, inside)
            case nodes.RangeNode():
                inside = dict(scope)
                element = self.ranged(node, dot, inside, scope)
                self.block(node.body, element, inside)
                self.block(node.else_body, dot, inside)
            case nodes.TemplateCallNode() | nodes.BlockNode():
                kind = (
                    self.pipe(node.pipeline, dot, scope, outside) if node.pipeline else Kind.NOTHING
                )
                self.call(node, kind)
            case nodes.BreakNode() | nodes.ContinueNode():
                word = "break" if isinstance(node, nodes.BreakNode) else "continue"
                mend = 'choose with "{{if}}" what to print'
                self.fault(node.start, f'"{word}" is not known to the Go of v1alpha3', mend)

    def ranged(self, node: nodes.RangeNode, dot: Kind, inside: Scope, outside: Scope) -> Kind:
        """The kind of what is ranged over, one by one; declares its variables."""
        kind = self.commands(node.pipeline, dot, inside)
        if kind not in {Kind.LIST, Kind.UNKNOWN}:
            mend = (
                "range over .HyperParameters"
                if dot is Kind.ROOT
                else "range over $.HyperParameters"
            )
            self.fault(
                node.pipeline.start, f"range goes over a list, and this is {kind.value}", mend
            )
        names = node.pipeline.declarations
        kinds = [Kind.NUMBER, Kind.ITEM] if len(names) == 2 else [Kind.ITEM]
        for variable, held in zip(names, kinds, strict=False):
            self.hold(variable, held, node.pipeline.is_assignment, inside, outside)
        return Kind.ITEM

    def call(self, node: nodes.TemplateCallNode | nodes.BlockNode, dot: Kind) -> None:
        name = node.name
        if name not in self.bodies:
            mend = (
                did_you_mean(name, sorted(self.bodies))
                if self.bodies
                else f'add {{{{define "{name}"}}}}'
            )
            self.fault(node.start, f'there is no template "{name}"', mend)
        elif name in self.trail:
            around = " -> ".join([*self.trail[self.trail.index(name) :], name])
            self.fault(
                node.start, f"a template calls itself: {around}", "write it without recursion"
            )
        elif len(self.trail) == _DEEPEST_CALL:
            self.fault(
                node.start,
                f"templates call each other more than {_DEEPEST_CALL} deep",
                "flatten them",
            )
        elif (name, dot) not in self.done:
            self.done.add((name, dot))
            self.trail.append(name)
            self.body(self.bodies[name], dot)
            self.trail.pop()

    # --- pipelines

    def pipe(self, pipe: nodes.PipeNode, dot: Kind, scope: Scope, outside: Scope) -> Kind:
        kind = self.commands(pipe, dot, scope)
        for variable in pipe.declarations:
            self.hold(variable, kind, pipe.is_assignment, scope, outside)
        return kind

    def hold(
        self, variable: nodes.VariableNode, kind: Kind, assigned: bool, scope: Scope, outside: Scope
    ) -> None:
        """A variable takes a value: each name means one thing, and one kind of thing."""
        name = variable.name
        if (
            assigned
            and scope.get(name, kind) not in {kind, Kind.UNKNOWN}
            and kind is not Kind.UNKNOWN
        ):
            problem = f"{name} holds {scope[name].value} and would become {kind.value}"
            self.fault(variable.start, problem, "use another variable")
        elif not assigned and name in outside:
            problem = f"{name} is declared a second time, which would hide the first"
            mend = (
                "use another name" if name == "$" else f'use another name, or "=" to change {name}'
            )
            self.fault(variable.start, problem, mend)
        scope[name] = kind

    def commands(self, pipe: nodes.PipeNode, dot: Kind, scope: Scope) -> Kind:
        kind: Kind | None = None
        for command in pipe.commands:
            kind = self.command(command, dot, scope, kind)
        return kind or Kind.ANY

    def command(
        self, command: nodes.CommandNode, dot: Kind, scope: Scope, piped: Kind | None
    ) -> Kind:
        first, *rest = command.arguments
        kind = self.term(first, dot, scope)
        kinds = [self.term(term, dot, scope) for term in rest] + ([piped] if piped else [])
        if isinstance(first, nodes.IdentifierNode):
            return _result(first.name, kinds)
        if kinds and kind is not Kind.UNKNOWN:
            problem = f"{kind.value} is no function and takes no values after it"
            self.fault(
                first.start, problem, 'write the function first, as in {{print .Trial "-x"}}'
            )
        return kind

    def term(self, term: nodes.TermNode, dot: Kind, scope: Scope) -> Kind:
        match term:
            case nodes.DotNode():
                return dot
            case nodes.FieldNode():
                return self.fields(term, dot)
            case nodes.VariableNode():
                if term.name not in scope:
                    self.fault(
                        term.start,
                        f"{term.name} is not declared here",
                        f'add "{{{{{term.name} := …}}}}"',
                    )
                return self.fields(term, scope.get(term.name, Kind.UNKNOWN))
            case nodes.ParenthesizedNode():
                return self.fields(term, self.commands(term.pipeline, dot, scope))
            case nodes.IdentifierNode():
                if term.name == "call":
                    self.fault(
                        term.start,
                        '"call" calls functions in the data; there are none',
                        "remove it",
                    )
                return _result(term.name, [])
            case _:
                return self.constant(term)

    def constant(self, term: nodes.TermNode) -> Kind:
        match term:
            case nodes.StringNode():
                escapes = [found.group() for found in _BYTE_ESCAPE.finditer(term.quoted)]
                if term.quoted[0] == '"' and any(escape != r"\\" for escape in escapes):
                    self.fault(
                        term.start,
                        "a text is written byte by byte",
                        "write the characters themselves",
                    )
                return Kind.TEXT
            case nodes.NumberNode() | nodes.ComplexNode():
                plain = _NUMBER.fullmatch(term.text)
                whole = plain and not (plain[2] or plain[3])
                if not plain or (whole and not -(2**63) <= int(term.text) < 2**63):
                    mend = "write a plain decimal number of 64 bits"
                    self.fault(term.start, f"the number {term.text[:40]} cannot be read here", mend)
                return Kind.NUMBER
            case nodes.NilNode():
                self.fault(
                    term.start, '"nil" means nothing here: no value is nil', "compare with text"
                )
                return Kind.ANY
            case nodes.BoolNode():
                return Kind.BOOL
            case _:
                return Kind.NUMBER

    def fields(
        self, term: nodes.FieldNode | nodes.VariableNode | nodes.ParenthesizedNode, kind: Kind
    ) -> Kind:
        """Follow `.A.B` from a value of this kind."""
        for name in term.fields if kind is not Kind.UNKNOWN else ():
            known = _EVERY_FIELD if kind is Kind.ANY else FIELDS.get(kind, {})
            if name not in known:
                self.fault(term.start, *_no_field(name, kind))
                return Kind.UNKNOWN
            kind = known[name]
        return kind


def _result(name: str, kinds: list[Kind]) -> Kind:
    """What a function gives for these kinds of values."""
    if name in {"and", "or"}:
        return kinds[0] if len(set(kinds)) == 1 else Kind.ANY
    if name == "slice":
        return kinds[0] if kinds else Kind.ANY
    if name == "index" and len(kinds) < 3:
        found = {Kind.LIST: Kind.ITEM, Kind.TEXT: Kind.NUMBER}
        return kinds[0] if len(kinds) == 1 else found.get(kinds[0], Kind.ANY) if kinds else Kind.ANY
    return _RESULTS.get(name, Kind.ANY)


def _no_field(name: str, kind: Kind) -> tuple[str, str]:
    """Why a field is not there, and what was probably meant."""
    problem = f'unknown field ".{name}": {kind.value} has no such field'
    if kind is Kind.LIST:
        return problem, "go through the list: {{range .HyperParameters}}{{.Name}}={{.Value}}{{end}}"
    if kind in FIELDS:
        other = Kind.ITEM if kind is Kind.ROOT else Kind.ROOT
        near = {field.lower(): field for field in FIELDS[other]}.get(name.lower())
        if near and kind is Kind.ITEM:
            return problem, f'inside this block the dot is {kind.value}; did you mean "$.{near}"?'
        if near:
            return (
                problem,
                f'".{near}" belongs to one hyperparameter: write it inside {{{{range .HyperParameters}}}}',
            )
        return problem, did_you_mean(name, list(FIELDS[kind]), ".")
    if kind is Kind.ANY:
        return problem, did_you_mean(name, list(_EVERY_FIELD), ".")
    return problem, "write the value without it"
