"""Assignments as the program's own arguments: `--lr=0.02`, in the form that the template uses.

Read off the template, so that what `munshi best -o args` prints can be typed after the program's name.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping

from munshi.api.experiment import TrialTemplate

_PLACEHOLDER = re.compile(r"\$\{trialParameters\.([^}]*)\}")
_WORD = re.compile(r"""[^\s"']*\$\{trialParameters\.[^}]*\}[^\s"']*""")
_PAIR = re.compile(r"""([^\s"'\[,]*)\{\{-?\s*\.Name\s*-?\}\}([^\s"'{]*)\{\{-?\s*\.Value\s*-?\}\}""")
"""v1alpha3's loop over the parameters, such as `--{{.Name}}={{.Value}}`."""


def of(template: TrialTemplate | None, assignments: Mapping[str, str]) -> list[str] | None:
    """The words that give a program these settings, unquoted.

    Args:
        template: The Experiment's.
        assignments: Parameter name -> value.

    Returns:
        The words in the template's order, every one holding at least one value; None when not all
        of the parameters are found among the template's commands and arguments.
    """
    if template is None or not assignments:
        return None
    if template.go_template is not None:
        pair = _PAIR.search(template.go_template.raw_template)
        if pair is None:
            return None
        return [f"{pair[1]}{name}{pair[2]}{value}" for name, value in assignments.items()]
    values = {
        parameter.name: assignments[parameter.reference]
        for parameter in template.trial_parameters
        if parameter.reference in assignments
    }
    references = {parameter.name: parameter.reference for parameter in template.trial_parameters}
    words, used = [], set()
    for word in _words(template.trial_spec):
        names = _PLACEHOLDER.findall(word)
        # A word with a fact of the trial in it (its name, say) means nothing outside of the trial.
        if all(name in values for name in names):
            words.append(_PLACEHOLDER.sub(lambda found: values[found[1]], word))
            used |= {references[name] for name in names}
    return words if used == set(assignments) else None


def line(words: list[str]) -> str:
    """The words as one line that a shell reads back as the same words."""
    return " ".join(shlex.quote(word) for word in words)


def _words(spec: object) -> Iterator[str]:
    """The words with placeholders in every `command` and `args` of an object, top down."""
    if isinstance(spec, dict):
        for key, value in spec.items():
            if key in ("command", "args") and isinstance(value, list):
                yield from _placed(value)
            else:
                yield from _words(value)
    elif isinstance(spec, list):
        for item in spec:
            yield from _words(item)


def _placed(items: list[object]) -> Iterator[str]:
    """`--lr=${…}` as it is; of `--lr`, `${…}` both words; of a shell's script, the words in it."""
    before = ""
    for item in items:
        text = item if isinstance(item, str) else ""
        if _PLACEHOLDER.fullmatch(text) and before.startswith("-"):
            yield before
            yield text
        elif _PLACEHOLDER.search(text):
            yield from _WORD.findall(text) if len(text.split()) > 1 else [text]
        before = text
