"""Values kept out of a Go template's YAML: quotes, newlines and brackets in them stay what they are.

Go puts a value in as text, and only then the text is read as YAML: a quote in a value ends the author's
quote, and what follows becomes fields of the job. So an odd value is rendered as a stand-in, a word that
any YAML reader leaves alone, and put in its place when the object has been read. Plain values (`0.0234`,
`adam`, `--lr=1`) go the ordinary way, and are read by YAML as their author expects: `parallelism:
{{.Value}}` is a number.

Called by `render`. A template that looks into odd values (`eq`, `len`, `%q`) cannot be rendered so; then
it is rendered as Go does, values and all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from munshi.api import scalars, source
from munshi.api.wire import Json, Object
from munshi.api.yaml_nodes import Node
from munshi.errors import Invalid, Path, TemplateBroken
from munshi.template import go_template
from munshi.template.placeholders import escaped, is_expanded

_PLAIN = re.compile(r"(?:[+-]{0,2}[\w.][\w./+=-]*)?")
"""What YAML reads alike wherever it stands; and the empty text, for a template may ask for that."""


def job(text: str, data: go_template.TrialData) -> Object | None:
    """The rendered object, with odd values put in as they are.

    Returns:
        None when no value is odd, or the template cannot be rendered without looking at one.

    Raises:
        TemplateBroken: The template is broken whatever the values are.
    """
    odd = [value for _, value in data.hyper_parameters if not _PLAIN.fullmatch(value)]
    if not odd:
        return None
    words = _words(text, data, odd)
    stood_in = tuple((name, words.get(value, value)) for name, value in data.hyper_parameters)
    try:
        rendered = go_template.render(
            text, replace(data, hyper_parameters=stood_in), tuple(words.values())
        )
        documents = source.read(rendered, "the rendered template")
    except (TemplateBroken, Invalid):
        return None  # rendered as Go does, it will say why
    if len(documents) != 1 or not isinstance(documents[0].value, dict):
        return None
    root = documents[0].node(())
    values = {word: value for value, word in words.items()}
    pattern = re.compile("|".join(values))
    found = _Filler(documents[0].text, values, pattern).filled(root, ()) if root else None
    return found if isinstance(found, dict) else None


def _words(text: str, data: go_template.TrialData, odd: list[str]) -> dict[str, str]:
    """A word for each odd value, which occurs nowhere else."""
    everything = "\n".join((text, str(data))).lower()
    number = next(n for n in range(len(everything) + 1) if f"zq{n}v" not in everything)
    return {value: f"zq{number}v{index}z" for index, value in enumerate(dict.fromkeys(odd))}


class _Filler:
    """Puts values in the places of their words."""

    def __init__(self, text: str, values: Mapping[str, str], pattern: re.Pattern[str]) -> None:
        self._text = text
        self._values = values
        self._pattern = pattern

    def filled(self, node: Node, path: Path) -> Json:
        """The value of a node, with all words replaced."""
        if node.fields is not None:
            return {
                self._put(key, ()): self.filled(field.node, (*path, key))
                for key, field in node.fields.items()
            }
        if node.items is not None:
            return [self.filled(item, (*path, index)) for index, item in enumerate(node.items)]
        if not isinstance(node.value, str) or not self._pattern.search(node.value):
            return node.value
        text = self._put(node.value, path)
        bare = node.style == "" and self._text[node.start : node.start + 1] != "!"
        return scalars.resolve(text) if bare else text

    def _put(self, text: str, path: Path) -> str:
        expanded = is_expanded(path)

        def put(found: re.Match[str]) -> str:
            value = self._values[found[0]]
            before, after = text[: found.start()], text[found.end() :]
            return escaped(value, before, after) if expanded else value

        return self._pattern.sub(put, text)
