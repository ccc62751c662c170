"""From the bytes of a file to text that a YAML parser may safely be shown.

The first step of `source.read`: size, encoding and characters are judged here, before any parsing,
so that a hostile file costs no more than a look at it. Nothing here knows YAML's grammar, but for some
courtesies to JSON, which YAML's scanner does not quite contain: tabs around the document, characters
beyond U+FFFF as two escapes (`json.dumps` writes an emoji so), and U+2028 within a string. Every
change keeps the length of the text, so that places stay true.
"""

from __future__ import annotations

import codecs
import json
import re

from munshi.errors import FieldFault, Mark

MAX_BYTES = 3 << 19
"""1.5 MiB: what etcd takes for one object, hence what any Kubernetes object may weigh."""

MAX_DIRECTIVES = 100
"""`%TAG` lines; the parser compares each with all before, and nobody writes more than a few."""

_FORBIDDEN = re.compile(r"[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DIRECTIVE = re.compile(r"^%", re.MULTILINE)
_EDGES = re.compile(r"\A[ \t\r\n]+|[ \t\r\n]+\Z")
_PAIR = re.compile(
    r"\\u[dD]([89abAB][0-9a-fA-F]{2})(\\u)[dD]([c-fC-F][0-9a-fA-F]{2})|\\.", re.DOTALL
)
_STAND_IN = re.compile(r"([\ue000-\ue3ff])([\ue400-\ue7ff])")
_PRIVATE = re.compile(r"[\ue000-\ue802]|\\u[eE][0-8][0-9a-fA-F]{2}")
_ODD_BREAK = re.compile("[\x85\u2028\u2029]")
_BREAK_STAND_INS = {0x85: 0xE800, 0x2028: 0xE801, 0x2029: 0xE802}
_STOOD_IN_BREAKS = {stand_in: char for char, stand_in in _BREAK_STAND_INS.items()}
"""Breaks of a line to YAML 1.1, plain characters to JSON."""


def size_fault(data: str | bytes) -> FieldFault | None:
    """A text beyond the limit; looked at before anything else is done with it."""
    size = len(data)
    if isinstance(data, str) and size <= MAX_BYTES:
        size = len(data.encode("utf-8", "surrogatepass"))
    return too_large(size) if size > MAX_BYTES else None


def too_large(size: int) -> FieldFault:
    """The fault of a text of so many bytes."""
    return FieldFault(
        (),
        f"the text is {size / (1 << 20):.1f} MiB long; Kubernetes takes objects up to 1.5 MiB",
        "move large data into a ConfigMap, a volume or the image",
    )


def decoded(data: bytes) -> str | FieldFault:
    """The text of a file: UTF-8, or UTF-16 that says so by its byte order mark."""
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return FieldFault((), "the file is UTF-32", "save it as UTF-8")
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if utf16 else "utf-8")
    except UnicodeDecodeError as error:
        if utf16:
            problem = f"the file is broken UTF-16 at byte {error.start}: {error.reason}"
            return FieldFault((), problem, "save it as UTF-8")
        return _not_utf8(data, error)


def character_faults(text: str) -> list[FieldFault]:
    """Characters that YAML forbids outside of escapes, one fault a line, at most ten; too many directives."""
    faults: dict[int, FieldFault] = {}
    for match in _FORBIDDEN.finditer(text):
        mark = mark_at(text, match.start())
        if mark.line not in faults:
            faults[mark.line] = FieldFault(
                (),
                f"the character U+{ord(match[0]):04X} may not stand in YAML",
                'remove it, or write it as an escape in double quotes ("\\x07")',
                mark,
            )
        if len(faults) == 10:
            break
    found = list(faults.values())
    directives = _DIRECTIVE.findall(text)
    if len(directives) > MAX_DIRECTIVES:
        problem = f"{len(directives)} lines begin with %; munshi takes {MAX_DIRECTIVES} directives"
        found.append(FieldFault((), problem, "remove the %TAG lines"))
    return found


def without_bom(text: str) -> str:
    """The text without the byte order mark that some editors put first."""
    return text.removeprefix("\ufeff")


def json_eased(text: str) -> tuple[str, bool]:
    """A JSON text with its peculiarities replaced by what YAML reads alike; any other text as it is.

    Returns:
        The text, of unchanged length, and whether `restore` must be applied to what is read from it.
    """
    if text.lstrip()[:1] not in ("{", "[", '"'):
        return text, False
    blanked = _EDGES.sub(lambda edge: edge[0].replace("\t", " "), text)
    odd = _ODD_BREAK.search(text) or any(match[2] for match in _PAIR.finditer(text))
    if not (odd or blanked != text) or not _is_json(text) or (odd and _PRIVATE.search(text)):
        return text, False
    if not odd:
        return blanked, False
    return _PAIR.sub(_stand_in, blanked).translate(_BREAK_STAND_INS), True


def restore(text: str) -> str:
    """The characters that `json_eased` replaced by stand-ins."""
    paired = _STAND_IN.sub(
        lambda pair: chr(0x10000 + ((ord(pair[1]) - 0xE000) << 10) + ord(pair[2]) - 0xE400), text
    )
    return paired.translate(_STOOD_IN_BREAKS)


def mark_at(text: str, index: int) -> Mark:
    """Line and column of a character; lines end with LF, CRLF or CR."""
    before = text[:index].replace("\r\n", "\n\n").replace("\r", "\n")
    crlf = text.count("\r\n", 0, index)
    start = before.rfind("\n") + 1
    return Mark(before.count("\n") - crlf + 1, index - start + 1)


def _stand_in(match: re.Match[str]) -> str:
    if not match[2]:
        return match[0]
    high = 0xE000 + (int("d" + match[1], 16) - 0xD800)
    low = 0xE400 + (int("d" + match[3], 16) - 0xDC00)
    return f"\\u{high:04x}\\u{low:04x}"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _not_utf8(data: bytes, error: UnicodeDecodeError) -> FieldFault:
    before = data[: error.start].decode("utf-8")
    mark = mark_at(without_bom(before), len(without_bom(before)))
    problem = f"byte {error.start} of the file, 0x{data[error.start]:02x}, is not UTF-8"
    try:
        data.decode("cp949")
    except UnicodeDecodeError:
        return FieldFault((), problem, "save the file as UTF-8", mark)
    mend = "the file looks like EUC-KR (CP949): save it as UTF-8"
    return FieldFault((), problem, mend, mark)
