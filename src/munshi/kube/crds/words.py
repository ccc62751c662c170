"""What `kubectl explain` says: the models' docstrings, in the form of Google's `Attributes:` sections."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel

_SECTION = "Attributes:"
_ENTRY = re.compile(r"^    (\w+): ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Words:
    """A docstring taken apart.

    Attributes:
        summary: What the whole is, in a sentence or a few.
        fields: What each field is, by the attribute's name.
    """

    summary: str
    fields: Mapping[str, str]


def of(model: type[BaseModel]) -> Words:
    """A model's own words; lines are joined, paragraphs of the summary kept apart."""
    said = inspect.cleandoc(model.__doc__ or "")
    summary, _, attributes = said.partition(_SECTION)
    parts = _ENTRY.split(attributes)[1:]
    fields = {name: _joined(words) for name, words in zip(parts[::2], parts[1::2], strict=True)}
    paragraphs = [_joined(paragraph) for paragraph in summary.strip().split("\n\n")]
    return Words("\n\n".join(paragraphs), fields)


def _joined(text: str) -> str:
    return " ".join(text.split())
