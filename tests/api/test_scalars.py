"""Plain words of YAML and the values they become."""

from __future__ import annotations

import math

import pytest

from munshi.api import scalars

# An English sentence, a spelling, its value.
SPELLINGS: dict[str, tuple[str, scalars.Scalar]] = {
    "yes is true, as in YAML 1.1": ("yes", True),
    "y alone is true": ("y", True),
    "on is true in capitals too": ("ON", True),
    "a casing of its own is text": ("yEs", "yEs"),
    "off is false": ("off", False),
    "N is false": ("N", False),
    "nothing is null": ("", None),
    "the tilde is null": ("~", None),
    "nil is text": ("nil", "nil"),
    "an exponent needs no point to be a number": ("1e-5", 1e-5),
    "a number may begin with its point": (".5", 0.5),
    "a number may end with its point": ("5.", 5.0),
    "a plus may lead": ("+7", 7),
    "underscores are ignored": ("1_000_000", 1_000_000),
    "a point with doubled underscores is text": (".5__0", ".5__0"),
    "0o means octal": ("0o17", 15),
    "a leading zero means octal as well": ("017", 15),
    "a leading zero before an 8 is decimal": ("08", 8.0),
    "0x means hexadecimal": ("-0x1F", -31),
    "0b means binary": ("0b101", 5),
    "a lone prefix is text": ("0x", "0x"),
    "the last unsigned 64-bit number is an integer": ("18446744073709551615", (1 << 64) - 1),
    "one more is a float": ("18446744073709551616", float(1 << 64)),
    "below the signed range is a float": ("-9223372036854775809", -9.223372036854775809e18),
    "hexadecimal beyond 64 bits is text": ("0x1FFFFFFFFFFFFFFFF", "0x1FFFFFFFFFFFFFFFF"),
    "a number that no float holds is text": ("1e400", "1e400"),
    "a number too small for a float is zero": ("1e-400", 0.0),
    "a date is text": ("2026-01-31", "2026-01-31"),
    "a time is text, not base 60": ("12:30:45", "12:30:45"),
    "infinity is known by its point": ("-.Inf", -math.inf),
    "inf without the point is text": ("inf", "inf"),
    "a version is text": ("1.2.3", "1.2.3"),
    "digits of other scripts are text": ("１２", "１２"),
    "a lone sign is text": ("-", "-"),
    "Korean is text": ("학습률", "학습률"),
}


@pytest.mark.parametrize("sentence", SPELLINGS)
def test_spellings(sentence: str) -> None:
    """Every spelling has the value that its sentence says, of that very type."""
    text, value = SPELLINGS[sentence]
    got = scalars.resolve(text)
    assert (type(got), got) == (type(value), value)


def test_not_a_number() -> None:
    """`.nan` is read as such; it equals nothing, so it has a test of its own."""
    got = scalars.resolve(".NaN")
    assert isinstance(got, float)
    assert math.isnan(got)


TAGGED: dict[str, tuple[str, str, scalars.Scalar]] = {
    "!!str keeps a number as text": ("str", "12", "12"),
    "!!int reads through quotes": ("int", "12", 12),
    "!!float widens an integer": ("float", "12", 12.0),
    "!!bool knows yes": ("bool", "yes", True),
    "!!null knows nothing": ("null", "", None),
    "!!timestamp stays text": ("timestamp", "2026-01-31 1:2:3", "2026-01-31 1:2:3"),
    "!!timestamp may name the year 0": ("timestamp", "0000-02-29", "0000-02-29"),
    "!!binary is decoded": ("binary", "7ZWc\n6riA", "한글"),
}


@pytest.mark.parametrize("sentence", TAGGED)
def test_tags(sentence: str) -> None:
    """YAML's own tags decide the type."""
    tag, text, value = TAGGED[sentence]
    got = scalars.tagged(scalars.TAG_PREFIX + tag, text)
    assert (type(got), got) == (type(value), value)


def test_the_lone_exclamation_mark_means_text() -> None:
    """`! 12` is the text 12."""
    assert scalars.tagged("!", "12") == "12"


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("int", "12.5"),
        ("int", "yes"),
        ("float", "18446744073709551615"),
        ("float", "true"),
        ("bool", "1"),
        ("null", "nil"),
        ("timestamp", "2026-02-30"),
        ("timestamp", "2026-01-31T25:00:00Z"),
        ("timestamp", "soon"),
        ("binary", "a G k="),
        ("binary", "/w=="),
    ],
)
def test_content_that_contradicts_its_tag(tag: str, text: str) -> None:
    """Content that is not what its tag says is refused."""
    with pytest.raises(ValueError, match=r".*"):
        scalars.tagged(scalars.TAG_PREFIX + tag, text)


@pytest.mark.parametrize("tag", ["!mine", "tag:yaml.org,2002:python/name:os.system", "str"])
def test_unknown_tags(tag: str) -> None:
    """Tags that are not YAML's own for scalars are unknown."""
    with pytest.raises(LookupError):
        scalars.tagged(tag, "x")


KEYS: dict[str, tuple[scalars.Scalar, str | None]] = {
    "text is itself": ("lr", "lr"),
    "an integer is written in decimal": (0x1F, "31"),
    "a truth value is written out": (True, "true"),
    "a float loses its trailing zeros": (0.10, "0.1"),
    "a small float takes an exponent of two digits": (1e-5, "1e-05"),
    "a float from a million on takes one too": (1234567.5, "1.2345675e+06"),
    "a float below a million does not": (123456.7, "123456.7"),
    "precision is single": (16777217.0, "1.6777216e+07"),
    "what single precision cannot hold is infinite": (-1e300, "-.inf"),
    "minus zero keeps its sign": (-0.0, "-0"),
    "not a number has a name": (math.nan, ".nan"),
    "null is no key": (None, None),
    "an integer beyond 63 bits is no key": (1 << 63, None),
}


@pytest.mark.parametrize("sentence", KEYS)
def test_keys(sentence: str) -> None:
    """Keys that are not text are spelled as kubectl spells them."""
    value, text = KEYS[sentence]
    assert scalars.key_text(value) == text


def test_digits_are_those_of_decimal_integers() -> None:
    """Signs and underscores do not count, and other numbers have none."""
    assert [scalars.digits(text) for text in ("-1_234", "0", "1.5", "0x1F", "lr")] == [
        4,
        1,
        0,
        0,
        0,
    ]
