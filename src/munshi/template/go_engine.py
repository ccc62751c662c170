"""gotpl, held at arm's length: parse, judge, render, and its errors in our words.

`ready` turns a text into faults or into a compiled template; `render` runs the latter. Whatever
gotpl says is translated here: its messages are written for programmers of templates, ours for the
author of an Experiment. Called by `go_template` alone. Refuses to know where the text came from.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from gotpl import (
    Environment,
    ExecutionBudget,
    SandboxPolicy,
    Template,
    TemplateExecutionError,
    TemplateSyntaxError,
)
from gotpl.parse.nodes import ParsedTemplate
from gotpl.parse.parser import parse_template

from munshi.errors import Mark, TemplateBroken
from munshi.template import go_blocks, go_functions, go_rules
from munshi.template.go_blocks import Action, Break
from munshi.template.go_values import Item

__all__ = ["Compiled", "Item", "ready", "render"]

LONGEST = 1 << 16
"""Characters in a template; an Experiment as a whole may have 1.5 MiB on a cluster."""

_MOST_PARSED = 1 << 19
"""Characters parsed while looking for all faults of one template, about a second's worth."""

_BUDGET = ExecutionBudget(
    max_output_chars=go_functions.MOST_TEXT,
    max_iterations=go_rules.MOST_STEPS,
    max_template_depth=100,
    max_function_calls=go_rules.MOST_STEPS,
)
_SANDBOX = SandboxPolicy.strict(
    allow_attributes=[name for fields in go_rules.FIELDS.values() for name in fields],
    allow_functions=go_functions.NAMES,
    max_template_chars=LONGEST,
    default_budget=_BUDGET,
)
_ENVIRONMENT = Environment(
    sandbox=_SANDBOX,
    budget=_BUDGET,
    functions=go_functions.functions(go_functions.Meter()),
    missing_key="error",
)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A template without faults: its text, its syntax and gotpl's program."""

    text: str
    tree: ParsedTemplate
    program: Template


@dataclass(frozen=True, slots=True)
class _Root:
    """The dot of the whole template; the names of the fields are the template's, not ours."""

    Experiment: str
    Trial: str
    NameSpace: str
    HyperParameters: list[Item]

    def __str__(self) -> str:
        """As Go prints a struct."""
        items = " ".join(map(str, self.HyperParameters))
        return f"{{{self.Experiment} {self.Trial} {self.NameSpace} [{items}]}}"


@lru_cache(maxsize=8)  # a pure function of its text, asked again for every trial of an Experiment
def ready(text: str) -> Compiled | tuple[Break, ...]:
    """Read, parse and judge a template: either its faults, by their places, or the compiled template."""
    if len(text) > LONGEST:
        problem = f"the template has {len(text):,} characters; at most {LONGEST:,} are read"
        return (Break(problem, "shorten it", Mark(1, 1)),)
    reading = go_blocks.read(text)
    if not reading.readable:
        return tuple(reading.breaks)
    tree, faults, sure = _parse(reading)
    breaks = [*reading.breaks, *faults]
    if tree:
        # After a broken block the dot may be anything: judge what stands before it.
        unsure = min((_place(fault.mark) for fault in reading.breaks), default=sure)
        judged = [_from_rule(text, reading.actions, fault) for fault in go_rules.judge(tree)]
        breaks += [fault for fault in judged if _place(fault.mark) < min(sure, unsure)]
    if tree and not breaks:
        if go_rules.steps(tree, 1) > go_rules.MOST_STEPS:
            return (_too_much_work(),)
        return Compiled(text, tree, _ENVIRONMENT.from_string(text, name=go_blocks.ROOT_NAME))
    breaks.sort(key=lambda fault: _place(fault.mark))
    return tuple(breaks[: go_blocks.MOST_BREAKS])


def render(
    compiled: Compiled,
    experiment: str,
    trial: str,
    namespace: str,
    items: list[Item],
    opaque: Collection[str] = (),
) -> str:
    """Render a template for these values; no function may look into the `opaque` ones.

    Raises:
        TemplateBroken: It asks for something that these values do not have, or for too much.
    """
    if go_rules.steps(compiled.tree, len(items)) > go_rules.MOST_STEPS:
        work = _too_much_work()
        raise TemplateBroken(work.problem, work.mend, work.mark)
    # A meter counts for one rendering; relinking the functions is a tenth of the price of compiling.
    metered = compiled.program.with_functions(go_functions.functions(go_functions.Meter(), opaque))
    try:
        return metered.render(_Root(experiment, trial, namespace, items))
    except TemplateExecutionError as error:
        raise _from_execution(compiled.text, error) from error


def _too_much_work() -> Break:
    problem = f"rendering the template would take more than {go_rules.MOST_STEPS:,} steps"
    return Break(problem, "nest fewer ranges and template calls in each other", Mark(1, 1))


# --- parsing, as often as it takes to see every fault


def _parse(
    reading: go_blocks.Reading,
) -> tuple[ParsedTemplate | None, list[Break], tuple[int, int]]:
    """The tree, the faults in the grammar of single actions, and up to where the tree is to be trusted.

    gotpl stops at its first fault. So the action at fault is made harmless, and the rest parsed again; what
    follows a block or a variable lost in this way cannot be judged.
    """
    text = reading.mended
    breaks: list[Break] = []
    sure = (len(text) + 2, 0)
    forgiven = {name for action in reading.lost for name in _variables(action)}
    for _ in range(max(2, min(go_blocks.MOST_BREAKS, _MOST_PARSED // (len(text) + 1)))):
        try:
            return parse_template(text, name=go_blocks.ROOT_NAME), breaks, sure
        except TemplateSyntaxError as error:
            at = _index_of(text, error.position)
            message = str(error).partition(": ")[2]
        except ValueError:  # Python reads no integer of more than 4,300 digits
            long = re.search(r"[0-9_]{4000}", text)
            place = go_blocks.mark_at(reading.text, long.start() if long else 0)
            breaks.append(Break("a number has thousands of digits", "shorten it", place))
            break
        action = _action_at(reading.actions, at)
        problem, mend = _plain(message)
        if action is None:
            breaks.append(Break(problem, mend, go_blocks.mark_at(reading.text, at)))
            break
        named = re.search(r"'(\$\w+)'$", message)
        if not (named and named[1] in forgiven):
            breaks.append(_in_action(reading.text, action, at, problem, mend))
        if go_blocks.keeps_track(action):
            sure = min(sure, _place(go_blocks.mark_at(reading.text, action.start)))
        forgiven.update(_variables(action))
        healed = go_blocks.healed(text, action)
        if healed == text:
            break
        text = healed
    return None, breaks, sure


def _variables(action: Action) -> list[str]:
    return re.findall(r"\$\w+", action.inner)


def _place(mark: Mark) -> tuple[int, int]:
    return mark.line, mark.column


def _action_at(actions: list[Action], at: int) -> Action | None:
    place = bisect_right(actions, at, key=lambda action: action.start) - 1
    return actions[place] if place >= 0 and at < actions[place].end else None


def _index_of(text: str, position: int) -> int:
    """The character index of a byte offset, which is what gotpl counts in."""
    return len(text.encode("utf-8", "surrogatepass")[:position].decode("utf-8", "replace"))


def _in_action(text: str, action: Action, at: int, problem: str, mend: str) -> Break:
    source = go_blocks.shown(text[action.start : action.end])
    return Break(f'in "{source}" {problem}', mend, go_blocks.mark_at(text, at))


def _from_rule(text: str, actions: list[Action], fault: go_rules.Fault) -> Break:
    at = _index_of(text, fault.position)
    action = _action_at(actions, at)
    problem, mend = go_blocks.printable(fault.problem), go_blocks.printable(fault.mend)
    if action is None:
        return Break(problem, mend, go_blocks.mark_at(text, at))
    return _in_action(text, action, at, problem, mend)


# --- gotpl's messages in plain words

_EXAMPLE = (
    "an action is a value, or a function and its values: {{.Trial}}, {{print .Trial .NameSpace}}"
)

_WORDS = {
    "missing value for command": ("a value is missing", _EXAMPLE),
    "unexpected pipe": ('there is nothing before "|"', 'write a value before the "|"'),
    "empty command after pipe": (
        'there is nothing between two "|"',
        "write a function between them",
    ),
    "expected quoted template name": ("the template's name is not quoted", 'write it as "name"'),
    "unexpected define in control body": (
        "a template is defined inside a block",
        "move the {{define}} out of every if, with, range and block",
    ),
    "unclosed left paren": ('a "(" is never closed', 'write the ")"'),
    "unexpected right paren": ('a ")" closes nothing', "remove it"),
    "too many declarations in command": (
        "too many variables are declared",
        "declare one, in a range two",
    ),
    "expected variable after comma": (
        'no variable follows the ","',
        "write {{range $index, $item := …}}",
    ),
    "declaration not allowed in this pipeline": (
        "no variable can be declared here",
        "declare it in an action before",
    ),
    "template nesting limit exceeded": ("it nests too deep", "use fewer parentheses"),
    "invalid Unicode surrogate": ("half of a character stands there", "write the character whole"),
    "break outside range": ('"break" stands outside every range', "remove it"),
    "continue outside range": ('"continue" stands outside every range', "remove it"),
}


def _plain(message: str) -> tuple[str, str]:
    """What is wrong and how to mend it, for a message of gotpl's parser."""
    if message in _WORDS:
        return _WORDS[message]
    if found := re.fullmatch(r"function '(.*)' not defined", message):
        known = sorted(go_functions.NAMES)
        if found[1] in {name for fields in go_rules.FIELDS.values() for name in fields}:
            return (
                f'"{found[1]}" is no function',
                f'a field begins with a dot: did you mean ".{found[1]}"?',
            )
        return f'the function "{found[1]}" is unknown', go_rules.did_you_mean(found[1], known)
    if found := re.fullmatch(r"undefined variable '(.*)'", message):
        return (
            f"the variable {found[1]} is not declared here",
            f"declare it before: {{{{{found[1]} := …}}}}",
        )
    if message.startswith("non executable command"):
        return "a value stands where only a function can", 'after "|" write a function'
    if "numeric literal" in message or "number syntax" in message:
        return "a number cannot be read", "write a plain decimal number of 64 bits"
    if "quoted literal" in message or "character constant" in message:
        return "a quoted text cannot be read", r"known escapes are \" \\ \n \r \t and \u00e9"
    if found := re.fullmatch(r"unexpected '(.*)'", message, re.DOTALL):
        return f'"{go_blocks.shown(found[1])}" is not expected', _EXAMPLE
    return go_blocks.printable(message[:200]), _EXAMPLE


def _from_execution(text: str, error: TemplateExecutionError) -> TemplateBroken:
    """A fault that showed while rendering, with its place when gotpl knows it."""
    problem = error.message
    mend = "write it otherwise, or write its result into the template"
    if found := re.search(r"attribute '(.*)'", problem):
        problem = f'there is no field ".{found[1]}" in this value'
        mend = "check what the dot is at this place"
    elif "budget exceeded" in problem:
        problem = f"the template makes too much: {problem}"
        mend = "make the template smaller"
    problem = f"the template cannot be rendered: {go_blocks.printable(problem)}"
    if error.position is None:
        return TemplateBroken(problem, mend)
    return TemplateBroken(problem, mend, go_blocks.mark_at(text, _index_of(text, error.position)))
