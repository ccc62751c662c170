"""Files and standard input, as documents: Experiments to judge, ConfigMaps that hold their templates."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from munshi.api import decode, source, yaml_text
from munshi.api.experiment import Experiment
from munshi.api.meta import ConfigMap
from munshi.api.source import Source
from munshi.api.wire import Json
from munshi.errors import FieldFault, Invalid

STDIN = "-"
MISSPELT = 0.75
"""Kinds that are alike so far are one kind and a slip of the pen; TrainJob and Trial are not (0.6)."""
_ENOUGH = 4 << 20
"""Bytes read of a file: past the limit on documents, so that it is `api.source` that refuses the rest."""


@dataclass(frozen=True, slots=True)
class Documents:
    """What stands in some files.

    Attributes:
        experiments: One a document, in order; not judged yet.
        config_maps: (namespace, name) to data.
        refusals: Documents and files that cannot be used, each with all its faults.
        notes: Documents that only Kubernetes needs and that were passed over; a line each.
        everything: Every document that could be read, in order.
    """

    experiments: tuple[Source, ...]
    config_maps: Mapping[tuple[str, str], Mapping[str, str]]
    refusals: tuple[Invalid, ...] = ()
    notes: tuple[str, ...] = ()
    everything: tuple[Source, ...] = ()

    def config_map(self, namespace: str, name: str) -> Mapping[str, str] | None:
        """The data of a ConfigMap; one without a namespace serves all of them."""
        found = self.config_maps.get((namespace, name))
        return self.config_maps.get(("", name)) if found is None else found


def read(names: Iterable[str]) -> Documents:
    """Read files; `-` is standard input.

    Nothing is raised for what stands in them: `refusals` has it, so that one bad file does not hide
    the faults of another.
    """
    shown = [(name, "<stdin>" if name == STDIN else name) for name in names]
    return _sorted([(partial(_bytes, name), said) for name, said in shown])


def of_text(text: str, name: str) -> Documents:
    """What stands in a text, as `read` has it of a file.

    Args:
        text: YAML.
        name: What messages call it; may be empty.
    """
    return _sorted([(lambda: text, name)])


def _sorted(texts: Iterable[tuple[Callable[[], str | bytes], str]]) -> Documents:
    experiments: list[Source] = []
    config_maps: dict[tuple[str, str], Mapping[str, str]] = {}
    refusals: list[Invalid] = []
    others: list[Source] = []
    everything: list[Source] = []
    for get, shown in texts:
        try:
            found = source.read(get(), shown)
            if not found:
                empty = FieldFault((), "there is nothing in it", "write an Experiment")
                raise Invalid([empty], shown)
        except Invalid as refusal:
            refusals.append(refusal)
            continue
        everything += found
        for document in found:
            try:
                if _is_for_kubernetes(document.value):
                    others.append(document)
                else:
                    _sort(document, experiments, config_maps)
            except Invalid as refusal:
                refusals.append(refusal if refusal.source else document.refusal(refusal.faults))
    if not experiments and not refusals:
        # Then the other documents are no company but a mistake.
        refusals += [alone for other in others if (alone := _unknown(other))]
        others.clear()
    notes = tuple(_note(other) for other in others)
    return Documents(tuple(experiments), config_maps, tuple(refusals), notes, tuple(everything))


def _is_for_kubernetes(document: Json) -> bool:
    """Whether it is an object of a kind that is not ours: a Namespace beside an Experiment, say.

    What could be a misspelt Experiment or ConfigMap is not one.
    """
    if not isinstance(document, dict):
        return False
    kind, version = document.get("kind"), document.get("apiVersion")
    if not (isinstance(kind, str) and kind and isinstance(version, str) and version):
        return False
    return not difflib.get_close_matches(kind, decode.KINDS, cutoff=MISSPELT)


def _unknown(document: Source) -> Invalid | None:
    try:
        decode.kind_of(document.value)
    except Invalid as invalid:
        return document.refusal(invalid.faults)
    return None


def _note(document: Source) -> str:
    kind = document.value.get("kind") if isinstance(document.value, dict) else None
    fault = FieldFault(("kind",), f"a {kind} is passed over", "only Kubernetes needs it")
    return document.refusal([fault]).lines()[0]


def _sort(
    document: Source,
    experiments: list[Source],
    config_maps: dict[tuple[str, str], Mapping[str, str]],
) -> None:
    kind = decode.kind_of(document.value)
    if kind is Experiment:
        experiments.append(document)
    elif kind is ConfigMap:
        config_map = decode.read(document.value, ConfigMap)
        config_maps[config_map.namespace, config_map.name] = config_map.data
    else:
        problem = f"a {kind.__name__} is munshi's own to make"
        raise Invalid([FieldFault(("kind",), problem, "write an Experiment")])


def _bytes(name: str) -> bytes:
    if name == STDIN:
        return sys.stdin.buffer.read(_ENOUGH)
    try:
        with Path(name).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > _ENOUGH:
                raise Invalid([yaml_text.too_large(size)], name)
            return file.read(_ENOUGH)
    except IsADirectoryError:
        fault = FieldFault((), "is a folder", "name the files in it")
    except FileNotFoundError:
        fault = FieldFault(
            (), "there is no such file", "mind that the path begins where you are now"
        )
    except OSError as error:
        fault = FieldFault((), f"cannot be read: {error.strerror or error}")
    except ValueError:
        fault = FieldFault((), "is no path: it holds a NUL character")
    raise Invalid([fault], name)
