"""`$(VAR)` means here what it means to the kubelet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.local.jobs.expansion import expand, references

VALUES = {"A": "1", "EMPTY": "", "NEST": "$(A)", "하나": "하나의 값"}

CASES = {
    "a known name is replaced": ("--n=$(A)", "--n=1"),
    "several are": ("$(A)$(A) $(A)", "11 1"),
    "an empty value leaves nothing": ("[$(EMPTY)]", "[]"),
    "an unknown name stays as it is": ("$(B)", "$(B)"),
    "a doubled dollar is one dollar": ("$$", "$"),
    "a doubled dollar protects a reference": ("$$(A)", "$(A)"),
    "three dollars are a dollar and a reference": ("$$$(A)", "$1"),
    "a lone dollar stays": ("cost $5 $", "cost $5 $"),
    "shell variables are not ours": ("$HOME ${HOME}", "$HOME ${HOME}"),
    "an unclosed reference stays": ("$(A", "$(A"),
    "a doubled dollar behind an unclosed reference is still one": ("$(A$$", "$(A$"),
    "what is put in is not expanded again": ("$(NEST)", "$(A)"),
    "an inner reference belongs to the outer name": ("$($(A))", "$($(A))"),
    "empty parentheses name nothing": ("$()", "$()"),
    "Korean names and values work": ("$(하나)!", "하나의 값!"),
}


@pytest.mark.parametrize("case", CASES)
def test_expansion(case: str) -> None:
    """Each spelling expands exactly as Kubernetes expands it."""
    text, wanted = CASES[case]
    assert expand(text, VALUES) == wanted


@given(st.text(alphabet="$()AB x"))
def test_a_text_without_dollars_is_untouched_and_escaping_protects_any_text(text: str) -> None:
    """Doubling every dollar gives back the text, whatever it holds."""
    assert expand(text.replace("$", "$$"), VALUES) == text


@given(st.text(alphabet="$()AB "))
def test_expansion_agrees_with_the_kubelets_own_scanner(text: str) -> None:
    """Our pieces give what the character by character scan of Kubernetes gives."""
    assert expand(text, VALUES) == _scan(text)


def test_a_hostile_text_is_expanded_in_linear_time() -> None:
    """A million unclosed references, and a million closed ones, take no quadratic search."""
    assert expand("$(" * 1_000_000, VALUES) == "$(" * 1_000_000
    assert expand("$(A)" * 1_000_000, VALUES) == "1" * 1_000_000


def test_references_are_listed_without_escaped_ones() -> None:
    """Known or not, in order; `$$(A)` is none."""
    assert references("$(A)/$(B)/$$(C)/$(D") == ["A", "B"]


def _scan(text: str) -> str:
    """The kubelet's algorithm, written down again as slowly as it is described."""
    out, at = "", 0
    while at < len(text):
        rest = text[at + 1 :]
        if text[at] != "$" or not rest:
            out, at = out + text[at], at + 1
        elif rest[0] == "$":
            out, at = out + "$", at + 2
        elif rest[0] == "(" and ")" in rest:
            name = rest[1 : rest.index(")")]
            out, at = out + VALUES.get(name, f"$({name})"), at + len(name) + 3
        else:
            out, at = out + "$" + rest[0], at + 2
    return out
