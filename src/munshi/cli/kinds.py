"""Kinds of objects as people type them, and objects' names as they are printed.

Words only: the models of the kinds are in `api`, and a listing needs none of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

GROUP_SUFFIX = ".kubeflow.org"
PLURALS: Mapping[str, str] = {
    "Experiment": "experiments",
    "Trial": "trials",
    "Suggestion": "suggestions",
}
_SPELLINGS: Mapping[str, str] = {
    spelling: kind
    for kind, spellings in {
        "Experiment": ("experiments", "experiment", "exp"),
        "Trial": ("trials", "trial", "tr"),
        "Suggestion": ("suggestions", "suggestion", "sug"),
    }.items()
    for spelling in spellings
}


def is_one(word: str) -> bool:
    """Whether this word is a kind's name."""
    return word.lower().removesuffix(GROUP_SUFFIX) in _SPELLINGS


def read(word: str) -> str:
    """The kind meant by `experiments`, `experiment`, `exp`, in any case; and so on.

    Raises:
        click.UsageError: There is no such kind.
    """
    kind = _SPELLINGS.get(word.lower().removesuffix(GROUP_SUFFIX))
    if kind is None:
        from munshi.space import nearest  # noqa: PLC0415 - only a misspelt kind needs it

        advice = nearest.advice(word, _SPELLINGS)
        context = _context()
        if advice.startswith("known") and context is not None:
            usual = f"munshi {context.info_name} experiment {word}"
            advice = f"{advice}. If it is a name, put its kind before it: {usual}"
        raise click.UsageError(f'"{word}" is not a kind of object; {advice}', _context())
    return kind


def several(word: str) -> tuple[str, ...]:
    """The kinds of `exp,tr`, and of `all`; none when the word is one kind.

    Raises:
        click.UsageError: One of them is no kind.
    """
    if word.lower() == "all":
        return tuple(PLURALS)
    return tuple(dict.fromkeys(map(read, word.split(",")))) if "," in word else ()


def kind_and_names(what: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Read `KIND [NAME…]` or `KIND/NAME…`, as `-o name` prints it.

    Raises:
        click.UsageError: The kind is unknown, or several kinds are mixed.
    """
    if "/" not in what[0]:
        return read(what[0]), tuple(what[1:])
    split = [item.partition("/") for item in what]
    bare = [name for kind, slash, name in split if not (kind and slash and name)]
    if bare:
        problem = "write KIND/NAME for every object, or KIND and then names"
        raise click.UsageError(problem, _context())
    kinds = {read(kind) for kind, _, _ in split}
    if len(kinds) > 1:
        raise click.UsageError("objects of one kind at a time, please", _context())
    return kinds.pop(), tuple(name for _, _, name in split)


def full_name(document: Mapping[str, Any]) -> str:
    """`experiment.kubeflow.org/random`, of an object in wire form."""
    return f"{document['kind'].lower()}{GROUP_SUFFIX}/{document['metadata']['name']}"


def as_list(documents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Kubernetes' List of objects."""
    meta = {"resourceVersion": ""}
    return {"apiVersion": "v1", "kind": "List", "metadata": meta, "items": [*documents]}


def _context() -> click.Context | None:
    return click.get_current_context(silent=True)
