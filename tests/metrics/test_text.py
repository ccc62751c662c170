"""Metrics in lines of text, by the default grammar."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.metrics import lines, number
from munshi.metrics.text import TextScanner, names_seen

METRICS = ["loss", "accuracy", "acc", "a|b"]

CONTRACT = {
    "a plain value": ("loss=0.3", ["loss 0.3"]),
    "no leading zero": ("accuracy=.98", ["accuracy .98"]),
    "a sign and an exponent": ("loss=-7.53e-05", ["loss -7.53e-05"]),
    "blanks around the sign": ("loss = 1E0", ["loss 1E0"]),
    "tabs around the sign": ("loss\t=\t5", ["loss 5"]),
    "a full stop after the number": ("loss=1.", ["loss 1"]),
    "an exponent without digits": ("loss=1e", ["loss 1"]),
    "a percent sign": ("loss=0.5%", ["loss 0.5"]),
    "a unit": ("loss=12ms", ["loss 12"]),
    "thousands": ("loss=1,000", ["loss 1"]),
    "hexadecimal": ("loss=0x10", ["loss 0"]),
    "several in a line": ("epoch=1 loss=0.5, acc=0.9", ["loss 0.5", "acc 0.9"]),
    "the same twice in a line": ("loss=1 loss=2", ["loss 1", "loss 2"]),
    "a bar in the name": ("a|b=1", ["a|b 1"]),
    "a colon instead of the sign": ("loss: 0.3", []),
    "a quote before the sign": ('"loss"=1', []),
    "another metric that begins alike": ("loss_total=1", []),
    "another metric that ends alike": ("total_loss=1", []),
    "a hyphen before the name": ("val-loss=1 --loss=2", []),
}

MENDED = {
    "NaN is kept as seen": ("loss=nan acc=NaN", ["loss nan", "acc NaN"]),
    "infinity is kept as seen": ("loss=-inf acc=Infinity,", ["loss -inf", "acc Infinity"]),
    "too large is kept as seen": ("loss=1e400", ["loss 1e400"]),
    "numpy's point before the exponent": ("loss=1.e-05", ["loss 1.e-05"]),
    "an empty value": ("loss=", []),
    "an empty value before another metric": ("loss= acc=1", ["acc 1"]),
    "Python's None": ("loss=None", []),
    "a lone sign": ("loss=-", []),
    "a lone point": ("loss=.", []),
    "a comparison": ("loss==0.5", []),
    "a tensor": ("loss=tensor(0.5)", []),
    "a word that begins like infinity": ("loss=information", []),
    "underscores": ("loss=12_000", []),
    "a path before the name": ("train/accuracy=0.9", []),
    "a dotted prefix": ("val.loss=0.7", []),
    "a letter of another script before the name": ("μloss=3 训练loss=4", []),
    "a path in another script before the name": ("검증/loss=3", []),
    "an ellipsis is no prefix": ("Epoch 1...loss=0.5", ["loss 0.5"]),
    "an arrow is no prefix": ("→loss=0.5", ["loss 0.5"]),
    "half a character is no prefix": (b"\xe2\x86loss=0.5", ["loss 0.5"]),
    "the prefix of Python's logging": ("INFO:root:loss=0.5", ["loss 0.5"]),
    "colours": ("\x1b[32mloss\x1b[0m = \x1b[1;31m0.5\x1b[0m", ["loss 0.5"]),
    "a terminal title": ("\x1b]0;training\x07loss=0.5", ["loss 0.5"]),
    "invalid UTF-8 around": (b"\xff\xfeloss=0.5\xff", ["loss 0.5"]),
    "NUL around": (b"\0loss=0.5\0", ["loss 0.5"]),
}


def found(metrics: list[str], block: str | bytes) -> list[str]:
    """What a scanner finds, as `name value`."""
    raw = block.encode() if isinstance(block, str) else block
    return [f"{log.metric} {log.value}" for log in TextScanner(metrics).scan(raw, 0, "stdout")]


@pytest.mark.parametrize(("line", "expected"), CONTRACT.values(), ids=CONTRACT)
def test_keeps_katibs_grammar(line: str, expected: list[str]) -> None:
    """Lines of the metrics collection contract §2 are read as Katib reads them."""
    assert found(METRICS, line) == expected


@pytest.mark.parametrize(("line", "expected"), MENDED.values(), ids=MENDED)
def test_mends_katibs_grammar(line: str | bytes, expected: list[str]) -> None:
    """Values are never empty, look-alikes do not count, colours and odd bytes do not hide a metric."""
    assert found(METRICS, line) == expected


LITERAL = {
    "a slash": "train/accuracy",
    "a point": "val.loss",
    "a colon": "val:loss",
    "a blank": "val loss",
    "Korean": "정확도",
    "Greek": "μloss",
    "characters that mean something in patterns": "f1(macro)[0]*+?$^\\",
}


@pytest.mark.parametrize("name", LITERAL.values(), ids=LITERAL)
def test_finds_any_name_that_is_requested(name: str) -> None:
    """A requested name is found literally, whatever it is made of."""
    assert found([name], f"step 3 {name} = 0.25") == [f"{name} 0.25"]


def test_the_longer_name_wins() -> None:
    """Where a requested name ends like another, only the whole one counts."""
    metrics = ["loss", "val loss", "train/loss"]
    line = "val loss=1 train/loss=2 loss=3"
    assert found(metrics, line) == ["val loss 1", "train/loss 2", "loss 3"]


def test_says_what_was_unreadable() -> None:
    """Values that are no numbers are counted and the first is quoted, short and printable."""
    scanner = TextScanner(["loss"])
    scanner.scan(b"loss=None\nloss=\x07" + b"x" * 1000 + b"\nloss=1,000\n", 0, "stdout")
    assert scanner.unreadable == 2
    assert scanner.notes() == (
        '2 reported value(s) were not numbers, the first: "loss=None"',
        '"loss=1,000" was read as 1; print plain decimal numbers',
    )


def test_has_nothing_to_say_of_good_output() -> None:
    """No notes without a reason."""
    scanner = TextScanner(["loss"])
    scanner.scan(b"loss=1\nnothing here\n", 0, "stdout")
    assert scanner.notes() == ()


def test_origins_are_places_in_the_output() -> None:
    """An origin is source, byte offset of the line and index within it; redraws are lines of their own."""
    block = "정확도\nloss=1 loss=2\rloss=3\r\nloss=4".encode()
    logs = TextScanner(["loss"]).scan(block, 100, "stdout")
    assert [log.origin for log in logs] == [
        "stdout:110:0",
        "stdout:110:1",
        "stdout:124:0",
        "stdout:132:0",
    ]


DATES = {
    "a date and a blank": ("2021-12-02T05:27:27.5Z loss=1", 1638422847_500000000),
    "a date and a tab": ("2021-12-02T05:27:27Z\tloss=1", None),
    "blanks before the date": (" 2021-12-02T05:27:27Z loss=1", None),
    "a date in brackets": ("[2021-12-02T05:27:27Z] loss=1", None),
    "another style": ("2021-12-02 05:27:27 loss=1", None),
    "a coloured date": ("\x1b[2m2021-12-02T05:27:27Z\x1b[0m loss=1", 1638422847_000000000),
}


@pytest.mark.parametrize(("line", "time_ns"), DATES.values(), ids=DATES)
def test_a_leading_date_dates_the_line(line: str, time_ns: int | None) -> None:
    """RFC 3339 before the first blank is the time of every metric in the line."""
    (log,) = TextScanner(["loss"]).scan(line.encode(), 0, "stdout")
    assert log.time_ns == time_ns


def test_only_the_head_of_an_endless_line_is_read() -> None:
    """A line is read up to MAX_LINE, less its last word, which might be half a number."""
    filler = b"." * (lines.MAX_LINE - 30) + b" "
    line = filler + b"loss=1 loss=0.123" + b"4" * 100 + b" loss=3"
    assert [log.value for log in TextScanner(["loss"]).scan(line, 0, "stdout")] == ["1"]


@given(
    st.lists(
        st.sampled_from(["loss=1", "acc = .5", "x", "loss=", "\r", "\n", " ", "정", "\x1b[1m"])
    )
)
def test_blocks_may_be_cut_after_any_line(pieces: list[str]) -> None:
    """Reading line by line gives the same logs, origins included, as reading all at once."""
    block = "".join(pieces).encode()
    whole = TextScanner(["loss", "acc"]).scan(block, 0, "stdout")
    scanner, offset, logs = TextScanner(["loss", "acc"]), 0, []
    for line in block.splitlines(keepends=True):
        logs += scanner.scan(line, offset, "stdout")
        offset += len(line)
    assert logs == whole


@given(st.binary(max_size=200), st.sampled_from(["loss", "a", "정확도", "a.b"]))
def test_any_bytes_are_read(noise: bytes, name: str) -> None:
    """No output makes the scanner fail, and what it keeps is a number."""
    block = noise + f"\n{name}=0.5\n".encode() + noise
    logs = TextScanner([name]).scan(block, 0, "stdout")
    assert "0.5" in [log.value for log in logs]
    assert all(number.read(log.value) is not None for log in logs)


KATIB_DEFAULT = re.compile(r"([\w|-]+)\s*=\s*([+-]?\d*(\.\d+)?([Ee][+-]?\d+)?)", re.ASCII)


REPORTS = st.tuples(
    st.sampled_from(["loss", "acc", "epoch", "val-loss", "a|loss", "loss_1"]),
    st.sampled_from(["=", " = ", "\t= ", "==", ": "]),
    st.sampled_from(["1", "0.5", "-2e3", ".5", "+1E-5", "", "-", ".", "None", "1.", "3e"]),
    st.sampled_from([" ", ", ", ";", "%", ")", "%|", "\t"]),
)


@given(st.lists(REPORTS.map("".join), max_size=6).map("".join))
def test_agrees_with_katibs_pattern_on_plain_text(line: str) -> None:
    """Where names are plain and values numbers, what Katib's own pattern finds is found, no more no less."""
    katib = [
        f"{match[1]} {match[2]}"
        for match in KATIB_DEFAULT.finditer(line)
        if match[1] in ("loss", "acc") and number.read(match[2]) is not None
    ]
    assert found(["loss", "acc"], line) == katib


SEEN = {
    "name=number": ("val_loss=0.5", ["val_loss"]),
    "name: number": ("val_loss: .5", ["val_loss"]),
    "JSON": ('{"loss": 0.5, "epoch":3, "time": "4"}', ["loss", "epoch", "time"]),
    "a Python dict": ("{'loss': nan}", ["loss"]),
    "slashes, points and other scripts": (
        "train/f1.macro=1 정확도 = 2",
        ["train/f1.macro", "정확도"],
    ),
    "each name once": ("loss=1 loss=2", ["loss"]),
    "a time of day is no metric": ("2021-12-02T05:27:27 12:30:45", []),
    "an address is no metric": ("http://host:8080/", []),
    "words are no numbers": ("name=value, status: ok", []),
    "colours": ("\x1b[1mloss\x1b[0m=1", ["loss"]),
}


@pytest.mark.parametrize(("output", "expected"), SEEN.values(), ids=SEEN)
def test_names_what_output_gives_numbers_to(output: str, expected: list[str]) -> None:
    """Names followed by a number are listed, in order."""
    assert names_seen(output.encode()) == expected


def test_lists_a_limited_number_of_names() -> None:
    """The list is bounded, whatever the output."""
    output = b" ".join(b"m%d=1" % index for index in range(100))
    assert names_seen(output, limit=3) == ["m0", "m1", "m2"]
