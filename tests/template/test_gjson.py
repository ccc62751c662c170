"""GJSON paths: what they find, what is refused, and that work is bounded."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.template import gjson
from support.effort import effort

PEOPLE: dict[str, Any] = {
    "name": {"first": "Ada", "last": "Lovelace"},
    "age": 36,
    "born.in": "London",
    "a*b": "star",
    "axxb": "letters",
    "nothing": None,
    "words": ["one", "two", "three"],
    "friends": [
        {"first": "Mary", "last": "Somerville", "age": 91, "nets": ["rs", "ra"]},
        {"first": "Charles", "last": "Babbage", "age": 79, "nets": ["rs"]},
        {"first": "Augustus", "last": "De Morgan", "age": 64, "active": True},
    ],
}

FOUND: dict[str, tuple[str, Any]] = {
    "a name": ("age", 36),
    "names joined by dots": ("name.last", "Lovelace"),
    "null is found, not missing": ("nothing", None),
    "a dot in a name is escaped": (r"born\.in", "London"),
    "an element by index": ("words.1", "two"),
    "a star matches any characters": ("na*.first", "Ada"),
    "a question mark matches one character": ("?ge", 36),
    "a wildcard goes on to the member where the rest is found": ("*.0.nets.0", "rs"),
    "an escaped star is a plain star": (r"a\*b", "star"),
    "an escaped star stays plain beside a wildcard": (r"?\*?", "star"),
    "# counts": ("friends.#", 3),
    "#.name asks each element": ("friends.#.age", [91, 79, 64]),
    "#.name leaves out what is missing": ("friends.#.active", [True]),
    "#(…) gives the first that fits": ('friends.#(last=="Babbage").age', 79),
    "#(…)# gives all that fit": ("friends.#(age>70)#.first", ["Mary", "Charles"]),
    "#(…)# of none is an empty array": ("friends.#(age>200)#", []),
    "one = is equality too": ("friends.#(age=64).first", "Augustus"),
    "a query without comparison asks for existence": ("friends.#(active).first", "Augustus"),
    "a query without a name compares the elements": ('words.#(%"t*")#', ["two", "three"]),
    "!% is not like": ('words.#(!%"t*")', "one"),
    "queries nest": ('friends.#(nets.#(=="ra")).first', "Mary"),
    "~true reads a value as a boolean": ("friends.#(active==~true)#.first", ["Augustus"]),
    "a dot after a query asks each, a pipe the whole": ("friends.#(age>70)#|0.first", "Mary"),
    "a pipe after a query does not reach into the elements": ("friends.#(age>70)#|#", 2),
    "brackets make an array": ("[age,name.first,missing]", [36, "Ada"]),
    "braces make an object, named by the last name": (
        '{name.first,"years":age,n:friends.#}',
        {"first": "Ada", "years": 36, "n": 3},
    ),
    "an unnameable member is _": ("{friends.#}", {"_": 3}),
    "[@this] treats an object as an array of one": ("name.[@this].#(first==Ada)#.last", ["Lovelace"]),
    "@reverse turns arrays and objects around": ("words.@reverse.0", "three"),
    "@keys": ("name.@keys", ["first", "last"]),
    "@values": ("name.@values", ["Ada", "Lovelace"]),
    "@flatten opens one level": ("friends.#.nets.@flatten", [["rs", "ra"], ["rs"]]),
    "@flatten behind a pipe works on the whole": ("friends.#.nets|@flatten", ["rs", "ra", "rs"]),
    "@join makes one object": ("friends.@join.first", "Augustus"),
    "modifiers about layout change nothing": ("@pretty.@ugly.@valid.@this.age", 36),
    "blanks around a query's parts do not matter": ('friends.#( age < 70 ).first', "Augustus"),
    "a quoted value may hold any JSON escape": ('words.#(=="\\u006fne")', "one"),
    "a backslash makes a wildcard plain in a pattern too": (r'[@keys.#(%"a\\*b")]', ["a*b"]),
}  # fmt: skip

MISSING: dict[str, str] = {
    "an unknown name": "nope",
    "a name inside a scalar": "age.nope",
    "an index past the end": "words.3",
    "a negative index": "words.-1",
    "a name asked of an array": "words.first",
    "a query on an object": 'name.#(first=="Ada")',
    "a query nothing fits": "friends.#(age>200)",
    "what stands behind a pipe after the array of all that fit": 'friends.#(age>70)#|first',
    "null compared with anything": "[@this].#(nothing==null)",
    "an object compared with text": 'friends.#(=="Mary")',
}  # fmt: skip

BROKEN: dict[str, tuple[str, int, str]] = {
    "no text": ("", 1, "empty"),
    "a leading dot": (".status", 1, "name is missing"),
    "two dots": ("status..phase", 8, "name is missing"),
    "a trailing pipe": ("status|", 8, "name is missing"),
    "an empty member": ("[a,]", 4, "name is missing"),
    "an index in brackets": ("conditions[0].type", 11, r"\[0\]"),
    "a comparison outside a query": ('status.phase=="Succeeded"', 13, "'='"),
    "a lone bracket": ("a)b", 2, r"bracket \)"),
    "quotes around a name": ('"status".phase', 1, "without quotes"),
    "a blank before a name": ("[a, b]", 4, "blank begins"),
    "a blank after a name": ("a .b", 2, "blank ends"),
    "a trailing backslash": ("a\\", 3, "backslash"),
    "a query never closed": ('a.#(b=="c"', 3, "never closed"),
    "a query without its end": ("a.#(b", 3, "never closed"),
    "an empty query": ("a.#()#", 5, "empty"),
    "text after a query": ("a.#(b)c", 7, "cannot follow"),
    "text after #": ("a.#b", 4, "cannot follow"),
    "single quotes": ("a.#(b=='c')", 8, "mark ' does not quote"),
    "two comparisons at once": ('a.#(b=="c" && d=="e")', 12, "cannot follow"),
    "two bare comparisons at once": ("a.#(b==1 && d==2)", 10, "&&"),
    "no value": ("a.#(b==)", 8, "nothing to compare"),
    "an operator too many": ("a.#(b===1)", 8, "begins the value"),
    "an operator nobody knows": ("a.#(b!1)", 6, "no comparison"),
    "a quote never closed": ('a.#(b=="c)', 8, "never closed"),
    "an escape JSON does not know": (r'a.#(b=="\*")', 8, "escape"),
    "an unknown conversion": ("a.#(b==~yes)", 8, "conversion ~yes"),
    "an unknown modifier": ("a.@ths", 3, "@ths"),
    "a modifier's argument": ('a.@flatten:{"deep":true}', 11, "no argument"),
    "a literal": ("a|!true", 3, "literals"),
    "a multipath never closed": ("a.[b,c", 3, "never closed"),
    "a quoted name without a path": ('{"a"}', 5, "colon"),
    "a colon in a member": ("{a.b:c}", 5, "colon"),
    "too many characters": ("a" * 2001, 2001, "2001"),
    "too many parts": (".".join("a" * 65), 129, "too many parts"),
    "too many brackets": ("[" * 17 + "a" + "]" * 17, 17, "brackets"),
}  # fmt: skip


def fault_of(document: Any, path: str) -> gjson.PathBroken | gjson.TooCostly | None:
    """The refusal a path ends in, or None when it is answered."""
    try:
        gjson.get(document, path)
    except (gjson.PathBroken, gjson.TooCostly) as fault:
        return fault
    return None


@pytest.mark.parametrize(("path", "value"), FOUND.values(), ids=FOUND)
def test_found(path: str, value: Any) -> None:
    """The path finds the value the language promises."""
    assert gjson.get(PEOPLE, path) == gjson.Result(exists=True, value=value)


@pytest.mark.parametrize("path", MISSING.values(), ids=MISSING)
def test_missing(path: str) -> None:
    """The path finds nothing, and says so without an error."""
    assert gjson.get(PEOPLE, path) == gjson.Result(exists=False, value=None)


@pytest.mark.parametrize(("path", "column", "words"), BROKEN.values(), ids=BROKEN)
def test_broken(path: str, column: int, words: str) -> None:
    """A path that cannot be meant is refused at its column, with how to mend it."""
    with pytest.raises(gjson.PathBroken, match=words) as broken:
        gjson.parse(path)
    assert broken.value.column == column
    assert broken.value.mend


def test_a_near_modifier_is_suggested() -> None:
    """A misspelt modifier's fault names the one that was probably meant."""
    with pytest.raises(gjson.PathBroken, match="did you mean @flatten"):
        gjson.parse("a.@flaten")


OPERATORS = {"=", "==", "!=", "<", "<=", ">", ">="}


@given(st.integers(-50, 50), st.integers(-50, 50), st.sampled_from(sorted(OPERATORS)))
def test_numbers_compare_as_in_python(left: int, right: int, operator: str) -> None:
    """Every operator orders numbers as Python's own does, whether the right side is quoted or not."""
    expected = eval(f"{left} {'==' if operator == '=' else operator} {right}")  # noqa: S307  # our own text
    for value in (str(right), f'"{right}"'):
        assert gjson.get([left], f"#({operator}{value})").exists == expected


@given(st.dictionaries(st.text(min_size=1), st.integers(), min_size=1))
def test_any_name_can_be_escaped(document: dict[str, Any]) -> None:
    """A backslash before each character reaches any member, whatever its name holds."""
    for name, value in document.items():
        path = "".join(f"\\{character}" for character in name)
        assert gjson.get(document, path).value == value


@given(st.text(max_size=30), st.text(alphabet='ab.*?|#@()[]{}=<>!%~,:"\\ 0', max_size=30))
def test_any_text_is_read_or_refused(odd: str, likely: str) -> None:
    """Whatever the text, reading it and asking it ends in an answer or in PathBroken, nothing else."""
    for path in (odd, likely):
        fault = fault_of(PEOPLE, path)
        if isinstance(fault, gjson.PathBroken):
            assert 1 <= fault.column <= len(path) + 1
            assert fault.mend


@given(st.text(alphabet="ab*?", max_size=12), st.text(alphabet="ab", max_size=12))
def test_wildcards_match_what_the_plain_definition_matches(pattern: str, text: str) -> None:
    """The bounded matcher agrees with the textbook recursion on `*` and `?`."""

    def matches(pattern: str, text: str) -> bool:
        if not pattern:
            return not text
        if pattern[0] == "*":
            return any(matches(pattern[1:], text[at:]) for at in range(len(text) + 1))
        return bool(text) and pattern[0] in {"?", text[0]} and matches(pattern[1:], text[1:])

    assert gjson.get([text], f'#(%"{pattern}")').exists == matches(pattern, text)


def test_asking_changes_nothing() -> None:
    """Evaluation leaves the document as it was, also where a modifier rearranges it."""
    before = json.dumps(PEOPLE)
    for path in (
        "friends.@reverse",
        "friends.@join",
        "words.@flatten",
        "@reverse",
        "{age,age}",
        "@values",
    ):
        gjson.get(PEOPLE, path)
    assert json.dumps(PEOPLE) == before


HEAVY: dict[str, tuple[Any, str]] = {
    "stars against a long text": ({"a": ["a" * 50_000]}, f'a.#(%"{"*a" * 60}*b")'),
    "stars against long names": ({"a" * 50_000: 1}, "*a" * 60 + "*b"),
    "a result doubled with every stage": ([1] * 100, "|".join(["[@this,@this].@flatten"] * 16)),
    "a shared result walked again and again": (
        {"a": [1]},
        "|".join(["[@this,@this]"] * 14) + "|" + ".".join("#" * 14),
    ),
    "queries inside queries": ([[[[[1] * 20] * 20] * 20] * 20] * 20, "#(#(#(#(#(>1))))))"[:-1]),
}  # fmt: skip


@pytest.mark.parametrize(("document", "path"), HEAVY.values(), ids=HEAVY)
def test_work_is_bounded(document: Any, path: str) -> None:
    """What would explode elsewhere is answered or given up within 100 references of work (about 2 s)."""
    fault = fault_of(document, path)
    assert effort(lambda _: fault_of(document, path), enough=100) < 100
    assert fault is None or isinstance(fault, gjson.TooCostly)


def test_what_multiplies_is_refused_before_it_is_made() -> None:
    """A path that would copy 27,000,000 values is given up before the memory is taken."""
    many = f"[{','.join(['@this'] * 29)}].@flatten"
    with pytest.raises(gjson.TooCostly):
        gjson.get([0] * 30_000, f"{many}|{many}")


def test_the_longest_walks_stay_clear_of_the_recursion_limit() -> None:
    """A path with as many parts as are read, of every recursive sort, is walked to its end."""
    deep: Any = 7
    for _ in range(gjson.MAX_PARTS):
        deep = [{"a": deep}]
    assert gjson.get(deep, ".".join(["#.a"] * (gjson.MAX_PARTS // 2))).exists
    assert gjson.get(deep, ".".join(["#(a).*"] * (gjson.MAX_PARTS // 3))).exists


def test_the_largest_status_of_a_cluster_is_well_within_the_budget() -> None:
    """A condition on a workflow of 20,000 nodes, about as many as an object can hold, is answered."""
    nodes: Any = {f"n{number}": {"phase": "Succeeded", "type": "Pod"} for number in range(20_000)}
    found = gjson.get({"status": {"nodes": nodes}}, 'status.nodes.@values.#(phase%"Succ*")#|#')
    assert found.value == 20_000
