"""Kubeconfig files read as kubectl reads them: several make one, and the first to say a thing is right.

What comes out is the plain document, ready for lightkube, with every path absolute: a path is relative to
the file it stands in, and after merging nobody knows any more which that was.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from munshi.errors import Terminal

Document = dict[str, Any]

_LISTS = ("clusters", "users", "contexts")
_PATHS = {
    "cluster": ("certificate-authority",),
    "user": ("client-certificate", "client-key", "tokenFile"),
}


def files(named: str = "") -> list[Path]:
    """The files to read, as kubectl chooses them: what is named, or else KUBECONFIG, or the user's own.

    Args:
        named: One, or several joined as in KUBECONFIG.
    """
    said = named or os.environ.get("KUBECONFIG", "")
    paths = [path for path in said.split(os.pathsep) if path] or ["~/.kube/config"]
    return [Path(path).expanduser() for path in paths]


def contexts(named: str = "") -> list[str]:
    """The names of all contexts. Raises as `merged`."""
    return [each["name"] for each in merged(files(named))["contexts"]]


def merged(files: Sequence[Path]) -> Document:
    """The files as one document; those that are not there are passed over.

    Raises:
        Terminal: A file cannot be read or is no kubeconfig.
    """
    whole: Document = {each: [] for each in _LISTS}
    for file in files:
        if not file.is_file():
            continue
        document = _read(file)
        current = document.get("current-context")
        if current and not whole.get("current-context"):
            whole["current-context"] = current
        for each in _LISTS:
            known = {entry["name"] for entry in whole[each]}
            whole[each] += [
                _rooted(entry, each[:-1], file.parent.absolute())
                for entry in document.get(each) or []
                if _named(entry, each, file) not in known
            ]
    return whole


def entry(document: Document, kind: str, name: str) -> Document:
    """The cluster, user or context of that name, without its name.

    Raises:
        Terminal: There is none; the sentence says which there are.
    """
    for each in document[f"{kind}s"]:
        if each["name"] == name:
            inner = each.get(kind)
            return inner if isinstance(inner, dict) else {}
    names = ", ".join(each["name"] for each in document[f"{kind}s"]) or "none"
    raise Terminal(f'the kubeconfig has no {kind} "{name}"; it has: {names}')


def _read(file: Path) -> Document:
    try:
        document = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as broken:
        raise Terminal(f"kubeconfig {file} cannot be read: {broken}") from broken
    if document is None:
        return {}
    if not isinstance(document, dict) or not all(
        isinstance(document.get(each) or [], list) for each in _LISTS
    ):
        raise Terminal(f"{file} is no kubeconfig: clusters, users and contexts are lists in one")
    return document


def _named(entry: object, kind: str, file: Path) -> str:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise Terminal(f"{file} is no kubeconfig: one of its {kind} has no name")
    name: str = entry["name"]
    return name


def _rooted(entry: Document, kind: str, folder: Path) -> Document:
    inner = entry.get(kind)
    if not isinstance(inner, dict):
        return entry
    paths = {
        field: str(folder / inner[field])
        for field in _PATHS.get(kind, ())
        if isinstance(inner.get(field), str) and inner[field]
    }
    plugin = inner.get("exec")
    if isinstance(plugin, dict) and "/" in (command := str(plugin.get("command") or "")):
        paths["exec"] = plugin | {"command": str(folder / command)}  # type: ignore[assignment]
    return entry | {kind: inner | paths}
