"""`${trialParameters.x}` inside a parsed object: found, and replaced by values in one pass.

The v1beta1 half of the template room. Katib replaces placeholders in the serialised text (Katib
reconcile contract §9), so a value with a quote breaks the document, and a value that holds a
placeholder is replaced again. Here the object is walked once: whatever a value holds, it stays
inside the field that asked for it. Keys of maps are left alone. In commands, arguments and variables
Kubernetes expands `$(NAME)` later on; a value that holds such a thing is escaped, so that the program gets
what was proposed.

A field that is exactly one placeholder may become a number, where Kubernetes wants one: by the name
of the field, or because the author of a template in a ConfigMap wrote it bare, `epochs:
${trialParameters.n}`. To tell bare from quoted, and to let placeholders stand in flow lists, `hide`
gives them another look before the YAML is parsed, and `reveal` undoes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from munshi.api.common import ParameterType
from munshi.api.wire import Json
from munshi.errors import Path
from munshi.space import text
from munshi.space.text import Unreadable

PLACEHOLDER = re.compile(r"\$\{trialParameters\.([^{}]*)\}")

NUMBER_FIELDS = frozenset((
    "activeDeadlineSeconds", "backoffLimit", "backoffLimitPerIndex", "completions",
    "containerPort", "failureThreshold", "fsGroup", "hostPort", "initialDelaySeconds",
    "maxFailedIndexes", "maxReplicas", "maxRestarts", "minAvailable", "minReplicas", "numNodes",
    "numProcPerNode", "numWorkers", "parallelism", "periodSeconds", "priority",
    "progressDeadlineSeconds", "replicas", "runAsGroup", "runAsUser", "slotsPerWorker",
    "successThreshold", "terminationGracePeriodSeconds", "timeoutSeconds",
    "ttlSecondsAfterFinished", "weight",
))  # fmt: skip
"""Fields of Kubernetes and of the training operators that are whole numbers, wherever they stand."""

_TEXT_INSIDE = frozenset((
    "annotations", "args", "command", "data", "env", "labels", "limits", "matchLabels",
    "nodeSelector", "requests", "stringData",
))  # fmt: skip
"""Below these, every value is text (or, for quantities, may be)."""

_NUMERIC = (ParameterType.INT, ParameterType.DOUBLE, ParameterType.DISCRETE)
_QUOTED, _BARE, _END = "\uf8f0\uf8f1", "\uf8f2\uf8f3", "\uf8f4"
"""Of the same length as what they stand for, so that places in the text stay true."""

_ALONE = re.compile(
    r"(?m)(?:(?<=[:\-] )|(?<=[\[,:]))([ \t]*)\$\{(trialParameters\.[^{}]*)\}"
    r"(?=[ \t]*(?:#.*)?\r?$|[ \t]*[,\]}])"
)
_ANY = re.compile(r"\$\{(trialParameters\.[^{}]*)\}")
_DOLLAR = re.compile(r"\$(?=[$(])")
_HIDDEN = re.compile(f"(?:{_QUOTED}|{_BARE})(trialParameters\\.[^{{}}{_END}]*){_END}")
_HIDDEN_BARE = re.compile(f"{_BARE}(trialParameters\\.[^{{}}{_END}]*){_END}")


@dataclass(frozen=True, slots=True)
class Value:
    """What a placeholder stands for in one trial.

    Attributes:
        text: As it travels.
        type: Of the parameter it comes from; UNSET for facts of the trial.
    """

    text: str
    type: ParameterType = ParameterType.UNSET


@dataclass(frozen=True, slots=True)
class Parsed:
    """A template read from text.

    Attributes:
        tree: The object, with its placeholders.
        bare: Where a placeholder stood without quotes, as a number would.
    """

    tree: Json
    bare: frozenset[Path] = frozenset()


def uses(tree: Json, path: Path = ()) -> Iterator[tuple[str, Path]]:
    """Every use of a placeholder: its name, and the path of the field that holds it."""
    match tree:
        case str():
            for found in PLACEHOLDER.finditer(tree):
                yield found[1], path
        case dict():
            for key, value in tree.items():
                yield from uses(value, (*path, key))
        case list():
            for index, item in enumerate(tree):
                yield from uses(item, (*path, index))


def placeholders(tree: Json) -> frozenset[str]:
    """The names that a template asks for."""
    return frozenset(name for name, _ in uses(tree))


def substitute(
    tree: Json, values: Mapping[str, Value], bare: frozenset[Path] = frozenset(), path: Path = ()
) -> Json:
    """The object with every placeholder replaced, once.

    Args:
        tree: A parsed template; it is not changed.
        values: By placeholder name. A name without value keeps its placeholder.
        bare: See `Parsed`.
        path: Where `tree` stands in the whole object.
    """
    match tree:
        case dict():
            return {
                key: substitute(inner, values, bare, (*path, key)) for key, inner in tree.items()
            }
        case list():
            return [substitute(item, values, bare, (*path, i)) for i, item in enumerate(tree)]
        case str():
            alone = PLACEHOLDER.fullmatch(tree)
            if alone and alone[1] in values and _wants_number(path, bare):
                return _number(values[alone[1]])
            escaped = is_expanded(path)
            return PLACEHOLDER.sub(
                lambda found: _filled(found, values, escaped) if found[1] in values else found[0],
                tree,
            )
        case _:
            return tree


def is_expanded(path: Path) -> bool:
    """Whether Kubernetes expands `$(NAME)` in the text at this path: a container's words and variables."""
    match path:
        case (*_, "command" | "args", int()) | (*_, "env", int(), "value"):
            return True
        case _:
            return False


def escaped(value: str, before: str = "", after: str = "") -> str:
    """A value as it must be written for Kubernetes to leave it as it is.

    `$$` is expanded to `$`, and `$(` begins a reference; every other `$` is but a dollar, and is not touched.

    Args:
        value: Whatever is to reach the program.
        before: The author's text to the left; a dollar at its end would join the value.
        after: The text to the right; a dollar at the value's end must not join it.
    """
    text = _DOLLAR.sub("$$", value)
    if after and text.endswith("$"):
        text += "$"
    dollars = len(before) - len(before.rstrip("$"))
    return f"${text}" if dollars % 2 and value[:1] in ("$", "(") and value else text


def _filled(found: re.Match[str], values: Mapping[str, Value], is_escaped: bool) -> str:
    text = values[found[1]].text
    if not is_escaped:
        return text
    return escaped(text, found.string[: found.start()], found.string[found.end() :])


def hide(template: str) -> str:
    """The text with placeholders that no YAML parser stumbles over, of the same length."""
    alone = _ALONE.sub(lambda found: f"{found[1]}{_BARE}{found[2]}{_END}", template)
    return _ANY.sub(lambda found: f"{_QUOTED}{found[1]}{_END}", alone)


def reveal(tree: Json) -> Parsed:
    """Undo `hide` in the parsed object."""
    bare: set[Path] = set()
    return Parsed(_revealed(tree, (), bare), frozenset(bare))


def revealed(template: str) -> str:
    """Undo `hide` in a text, such as an error message."""
    return _HIDDEN.sub(lambda found: f"${{{found[1]}}}", template)


def _revealed(tree: Json, path: Path, bare: set[Path]) -> Json:
    match tree:
        case dict():
            return {
                revealed(key): _revealed(inner, (*path, revealed(key)), bare)
                for key, inner in tree.items()
            }
        case list():
            return [_revealed(item, (*path, index), bare) for index, item in enumerate(tree)]
        case str():
            if _HIDDEN_BARE.fullmatch(tree):
                bare.add(path)
            return revealed(tree)
        case _:
            return tree


def _wants_number(path: Path, bare: frozenset[Path]) -> bool:
    if not path or _TEXT_INSIDE.intersection(step for step in path if isinstance(step, str)):
        return False
    return path in bare or path[-1] in NUMBER_FIELDS


def _number(value: Value) -> Json:
    """The number a text says, whole where it is whole; the text when it says none."""
    if value.type not in _NUMERIC:
        return value.text
    whole = text.read_integer(value.text)
    if not isinstance(whole, Unreadable):
        return whole
    number = text.read_double(value.text)
    if isinstance(number, Unreadable):
        return value.text
    return int(number) if number.is_integer() and abs(number) < 2**53 else number
