"""What could stand at the cursor: kinds, and names of objects that are there. Called when Tab is pressed.

Quick, and silent whatever happens: a shell that waits for a completion shows nothing else.
"""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from munshi.cli import finding, glimpse, kinds, places
from munshi.cli.glimpse import Document
from munshi.errors import MunshiError


def objects(ctx: click.Context, incomplete: str) -> list[CompletionItem]:
    """A kind first, then names of that kind; or KIND/NAME."""
    before = ctx.params.get("what") or ()
    kind, slash, _ = (before[0] if before else incomplete).partition("/")
    if not before and not slash:
        return _items(dict.fromkeys(kinds.PLURALS.values(), ""), incomplete)
    try:
        read = kinds.read(kind)
    except click.UsageError:
        return []
    prefix = f"{kind}/" if slash else ""
    said = {f"{prefix}{name}": state for name, state in _names(ctx, read).items()}
    return _items({name: state for name, state in said.items() if name not in before}, incomplete)


def experiments(ctx: click.Context, incomplete: str) -> list[CompletionItem]:
    """Names of experiments."""
    return _items(_names(ctx, "Experiment"), incomplete)


def targets(ctx: click.Context, incomplete: str) -> list[CompletionItem]:
    """Names of experiments; behind `trial/`, of trials."""
    kind, slash, _ = incomplete.partition("/")
    if slash:
        names = _names(ctx, "Trial") if kind in ("trial", "tr", "trials") else {}
        return _items({f"{kind}/{name}": said for name, said in names.items()}, incomplete)
    return _items({**_names(ctx, "Experiment"), "trial/": ""}, incomplete)


def trials(ctx: click.Context, incomplete: str) -> list[CompletionItem]:
    """Names of trials."""
    return _items(_names(ctx, "Trial"), incomplete)


def namespaces(ctx: click.Context, incomplete: str) -> list[CompletionItem]:
    """Namespaces in which there are experiments."""
    there = [finding.placed(one)[0] for one in _listed(ctx, "Experiment", None)]
    return _items(dict.fromkeys(sorted(there), ""), incomplete)


def contexts(ctx: click.Context, incomplete: str) -> list[CompletionItem]:
    """Contexts of the kubeconfig."""
    from munshi.kube.wire import kubeconfig  # noqa: PLC0415 - reads YAML

    try:
        there = kubeconfig.contexts(places.said(ctx, "kubeconfig"))
    except MunshiError:
        return []
    return _items(dict.fromkeys(there, ""), incomplete)


def _names(ctx: click.Context, kind: str) -> dict[str, str]:
    """Names and states, in the namespace that the command line says so far."""
    if ctx.params.get("all_namespaces"):
        return {}
    try:
        namespace = ctx.params.get("namespace") or places.chosen(ctx).namespace
    except (MunshiError, OSError):
        return {}
    return {
        finding.placed(one)[1]: str(glimpse.last_condition(one).get("type", ""))
        for one in _listed(ctx, kind, namespace)
    }


def _listed(ctx: click.Context, kind: str, namespace: str | None) -> list[Document]:
    try:
        with places.chosen(ctx).look() as glance:
            return [*glance.list(kind, namespace)]
    except (MunshiError, OSError):
        return []


def _items(words: dict[str, str], incomplete: str) -> list[CompletionItem]:
    return [
        CompletionItem(word, help=said or None)
        for word, said in words.items()
        if word.startswith(incomplete)
    ]
