"""The values a trial template can hold, and how Go prints them.

Text, int, float, bool, a hyperparameter (`Item`), the list of them; nothing else ever reaches a
function. Shared by `go_functions` and `go_printf`, which refuse in the same words. Knows no
function.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from gotpl import TemplateExecutionError
from gotpl.runtime.gofmt import sprintf


@dataclass(frozen=True, slots=True)
class Item:
    """One hyperparameter as the template sees it; the names of the fields are the template's, not ours."""

    Name: str
    Value: str

    def __str__(self) -> str:
        """As Go prints a struct."""
        return f"{{{self.Name} {self.Value}}}"


def refuse(problem: str) -> TemplateExecutionError:
    """An error in gotpl's tree; it adds the place."""
    return TemplateExecutionError(problem)


def kind(value: object) -> str:
    """What a value is, in the words of an error message."""
    match value:
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "float"
        case str():
            return "text"
        case Item():
            return "a hyperparameter"
        case list():
            return "a list"
        case _:
            return "the trial's data" if value is not None else "nothing"


def need(name: str, values: tuple[object, ...], least: int, most: int | None = None) -> None:
    """Refuse a call with the wrong number of values."""
    if len(values) < least or (most is not None and len(values) > most):
        wanted = (
            f"{least}"
            if least == most
            else f"at least {least}"
            if most is None
            else f"{least} to {most}"
        )
        raise refuse(f"{name} needs {wanted} values and got {len(values)}")


def said(value: object) -> str:
    """A value as Go's `%v` prints it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return sprintf("%v", value)
    if isinstance(value, int | str | Item):
        return str(value)
    if isinstance(value, list):
        return f"[{' '.join(map(str, value))}]"
    raise refuse(f"{kind(value)} cannot be printed by a function")


def known(text: str) -> str:
    """The text, if Python's table of characters can tell which of them are printable."""
    strange = next((c for c in text if unicodedata.category(c) == "Cn"), None)
    if strange is not None:
        raise refuse(f"the character U+{ord(strange):04X} is unknown: Go might print or escape it")
    return text
