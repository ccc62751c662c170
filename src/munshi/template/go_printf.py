"""Go's `printf`, for the verbs that a trial template may need.

A directive is let through only if Go would print its value plainly, without an inline complaint
such as `%!d(string=x)`, and if what it prints is small: `%900000000d` is refused before anything is
allocated. Called by `go_functions`. Source: Go's fmt package, version 1.26.
"""

from __future__ import annotations

import re

from gotpl.runtime.gofmt import sprintf

from munshi.template.go_values import kind, known, need, refuse, said

WIDEST = 1000
"""The largest width or precision in a printf verb."""

_DIRECTIVE = re.compile(
    r"%(?P<flags>[-+# 0]*)(?P<width>[0-9]*)(?:\.(?P<precision>[0-9]*))?(?P<verb>.?)", re.DOTALL
)
_VERBS: dict[type, str] = {bool: "vt", int: "vdbcoxXU", float: "veEfFgG", str: "vsqxX"}


def printf(*values: object) -> str:
    """Go's `Sprintf`: a text with verbs, then a value for each verb."""
    need("printf", values, 1)
    pattern, *rest = values
    if not isinstance(pattern, str):
        raise refuse(f"printf needs a text to begin with and got {kind(pattern)}")
    waiting = list(reversed(rest))

    def formatted(directive: re.Match[str]) -> str:
        if directive["verb"] == "%":
            if directive.group() != "%%":
                raise refuse(f'printf "{directive.group()}" depends on the version of Go; write %%')
            return "%"
        if not waiting:
            raise refuse(f'printf has no value left for "{directive.group()}"')
        value = waiting.pop()
        _check_directive(directive, value)
        return _formatted(directive, value)

    text = _DIRECTIVE.sub(formatted, pattern)
    if waiting:
        raise refuse(f"printf got {len(rest)} values, and its text uses {len(rest) - len(waiting)}")
    return text


def _check_directive(directive: re.Match[str], value: object) -> None:
    """Let through what is documented Go, and small; anything else is an error in Go, or might as well be."""
    whole, verb, flags = directive.group()[:20], directive["verb"], directive["flags"]
    if any(len(number) > 4 or int(number) > WIDEST for number in directive.group(2, 3) if number):
        raise refuse(f'printf "{whole}" asks for a width above {WIDEST}')
    if type(value) not in _VERBS:
        raise refuse(f'printf "{whole}" cannot print {kind(value)}; print its .Name and .Value')
    if not verb or verb not in _VERBS[type(value)]:
        raise refuse(f'printf "{whole}" does not fit {kind(value)}: {said(value)[:40]!r}')
    allowed = _flags(verb, value)
    if set(flags) - set(allowed) or {"-", "0"} <= set(flags):
        raise refuse(f'printf "{whole}" combines flags in a way that munshi does not know')
    if directive["precision"] is not None and not (
        directive["precision"]
        and (isinstance(value, float) or (verb in "sv" and isinstance(value, str)))
    ):
        raise refuse(f'printf "{whole}" gives a precision that means nothing here')
    if verb in "cU" and not (isinstance(value, int) and 0x20 <= value < 0xD800):
        raise refuse(f'printf "{whole}" needs the number of a character and got {said(value)}')


def _flags(verb: str, value: object) -> str:
    """The flags that change what this verb prints of this value, or nothing at all."""
    if isinstance(value, float) and verb != "v":
        return "-+ 0"
    if isinstance(value, int) and verb in "dboxX":
        return "-+ 0" if verb == "d" else "-0"
    return "-"


def _formatted(directive: re.Match[str], value: object) -> str:
    """One value as its verb asks; `_check_directive` has passed both."""
    flags, width = directive["flags"], int(directive["width"] or 0)
    precision = None if directive["precision"] is None else int(directive["precision"])
    verb = directive["verb"]
    if isinstance(value, str):
        text = _text_verb(verb, value, precision)
    elif isinstance(value, int) and verb in "cU":
        text = chr(value) if verb == "c" else f"U+{value:04X}"
    elif isinstance(value, bool):
        text = said(value)
    elif isinstance(value, int | float):
        text = _number_verb(verb, value, precision)
        if not text.startswith("-") and set(flags) & {"+", " "}:
            text = ("+" if "+" in flags else " ") + text
        if "0" in flags:
            sign = text[: text[0] in "+- "]
            text = sign + text[len(sign) :].rjust(width - len(sign), "0")
    else:
        raise refuse(f"printf cannot print {kind(value)}")
    return text.ljust(width) if "-" in flags else text.rjust(width)


def _text_verb(verb: str, value: str, precision: int | None) -> str:
    match verb:
        case "q":
            return sprintf("%q", known(value))
        case "x" | "X":
            octets = value.encode().hex()
            return octets if verb == "x" else octets.upper()
        case _:
            return value if precision is None else value[:precision]


def _number_verb(verb: str, value: float, precision: int | None) -> str:
    if isinstance(value, int):
        return format(value, "d" if verb == "v" else verb)
    if verb in "gGv":
        text = sprintf("%v", value) if precision is None else f"{value:.{precision}g}"
        return text.upper() if verb == "G" else text
    return format(value, f".{6 if precision is None else precision}{verb}")
