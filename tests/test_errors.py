"""What errors quote is shown, not played: no terminal changes its colour or direction by a message."""

from __future__ import annotations

import pytest

from munshi.errors import FieldFault, Invalid, Mark, printable

SHOWN = {
    "plain text of any language": ("학습률 is 1; 🙂", "학습률 is 1; 🙂"),
    "a colour": ("\x1b[31mred", "\\x1b[31mred"),
    "a line break": ("one\ntwo", "one\\ntwo"),
    "text turned around": ("\u202eevil", "\\u202eevil"),
    "a character of no width": ("a\u200bb", "a\\u200bb"),
    "half of a character": ("\ud800", "\\ud800"),
    "joined emoji": ("👩\u200d👧", "👩\u200d👧"),
}


@pytest.mark.parametrize("sentence", SHOWN)
def test_what_a_terminal_should_not_be_sent_is_escaped(sentence: str) -> None:
    """Controls, breaks and turns become escapes, in the path, the problem and the mend."""
    text, shown = SHOWN[sentence]
    assert printable(text) == shown
    (line,) = Invalid([FieldFault((text,), text, "mend it", Mark(1, 2))], "a.yaml").lines()
    assert line == f"a.yaml:1:2: {shown}: {shown}; mend it"


def test_a_mend_may_have_lines_to_paste() -> None:
    """Breaks within a mend are ours, and stay."""
    assert (
        str(FieldFault((), "not closed", "write:\n  {{end}}\x07"))
        == "not closed; write:\n  {{end}}\\x07"
    )
