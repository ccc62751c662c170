"""`munshi logs`: whole, its last lines, as it grows, of another program or attempt, with a gap."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.api.trial import Trial, TrialStatus
from munshi.cli import finding, following, outputs
from munshi.cli.laptop import Laptop
from munshi.cli.outputs import BLOCK
from munshi.local import place
from munshi.local.home import Home
from munshi.local.launcher import attempt_folder
from munshi.local.process import Exit, Reason
from support.cli_world import a_trial
from support.ledger import Ledger
from support.terminal import Command, command

from .conftest import FIRST, SECOND, Munshi


def hole(log: Path, start: int, end: int) -> None:
    """Take a log's middle away, as the cap does: a record first, then zeros."""
    Path(f"{log}.gap").write_text(json.dumps({"start": start, "end": end}))
    with log.open("r+b") as file:
        file.seek(start)
        file.write(bytes(end - start))


def test_folders_are_the_launchers() -> None:
    """Logs are looked for where the launcher has trials written."""
    for attempts in (0, 1, 7):
        status = TrialStatus(attempts=attempts)
        trial = a_trial("t", namespace="한글").model_copy(update={"status": status})
        told = place.attempt(Path("/x"), trial.namespace, trial.name, trial.uid, attempts)
        assert told == attempt_folder(Path("/x"), trial)


def test_the_home_is_the_runtimes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The database and the folders are looked for where the runtime keeps them."""
    monkeypatch.setenv("MUNSHI_HOME", str(tmp_path))
    assert Home(place.home()).trials == tmp_path / place.TRIALS
    assert place.home() == tmp_path


texts = st.lists(st.sampled_from([b"\n", b"a", b"\r\n", b"\xff", b"long " * 50]), max_size=40)


@given(texts, st.integers(0, 12), st.integers(0, 400), st.integers(1, 400))
def test_the_tail_is_the_last_lines(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes], lines: int, start: int, size: int
) -> None:
    """The last lines of a log, capped or not, are those of what is left of it."""
    log = tmp_path_factory.mktemp("log") / "log"
    text = b"".join(parts)
    log.write_bytes(text)
    assert tail(log, lines) == b"".join(text.splitlines(keepends=True)[-lines:] if lines else [])
    if start + size <= len(text):
        hole(log, start, start + size)
        left = text[:start] + text[start + size :]
        with log.open("rb") as file:
            at = outputs.start_of_tail(file, log, lines)
        assert tail(log, lines) == (left[-len(tail(log, lines)) :] if tail(log, lines) else b"")
        assert at == 0 or count_lines(tail(log, lines)) == lines


def tail(log: Path, lines: int) -> bytes:
    """The bytes from where the tail begins."""
    with log.open("rb") as file:
        at = outputs.start_of_tail(file, log, lines)
        return b"".join(piece.text for piece in outputs.pieces(file, log, at))


def count_lines(text: bytes) -> int:
    """Lines, the last one without a break included."""
    return text.count(b"\n") + (not text.endswith(b"\n") and bool(text))


def test_a_gap_is_told_and_never_printed(ledger: Ledger, munshi: Munshi) -> None:
    """Where a cap took the middle away, one line on stderr says how much; zeros are never printed."""
    head, middle, end = b"head\n" * 20_000, b"x" * 5_000_000, b"tail\n" * 20_000
    log = ledger.writes(FIRST, head + middle + end)
    hole(log, len(head) - 2, len(head) + len(middle) + 1)
    shown = munshi("logs", "random-a1")
    assert shown.stdout_bytes == head[:-2] + end[1:]
    assert shown.stderr == "… 5 MB were left out here (log cap) …\n"
    few = munshi("logs", "random-a1", "--tail", "3")
    assert (few.stdout_bytes, few.stderr) == (b"tail\n" * 3, "")
    many = munshi("logs", "random-a1", "--tail", "20001")
    assert many.stdout_bytes.endswith(b"head\nhea" + end[1:])
    assert "5 MB" in many.stderr


def test_last_words_have_no_gap(ledger: Ledger) -> None:
    """What describe quotes of a log holds none of the zeros, and is bounded whatever was written."""
    log = ledger.writes(FIRST, b"first\n" + bytes(200_000) + b"why it failed\n")
    hole(log, 6, 200_006)
    assert outputs.last_words(log, 2) == ["first", "why it failed"]
    ledger.writes(SECOND, b"y" * 3_000_000)
    [line] = outputs.last_words(Path(ledger.writes(SECOND, b"")), 3)
    assert len(line) == 200


def test_a_gap_that_comes_while_one_reads(tmp_path: Path) -> None:
    """A hole made between two blocks is jumped over, even from within it."""
    log = tmp_path / "log"
    log.write_bytes(b"a" * BLOCK * 4)
    told: list[outputs.Piece] = []
    with log.open("rb") as file:
        reading = outputs.pieces(file, log, 0)
        told.append(next(reading))
        hole(log, BLOCK // 2, BLOCK * 3 + 5)
        told += reading
    assert b"".join(piece.text for piece in told) == b"a" * (BLOCK + BLOCK - 5)
    assert sum(piece.left_out for piece in told) == BLOCK * 2 + 5


def test_a_gap_moves_with_its_log(tmp_path: Path) -> None:
    """A log that is put aside while it is read keeps its gap."""
    first = tmp_path / "first"
    first.mkdir()
    log = first / "log"
    log.write_bytes(b"a" * 3000)
    hole(log, 1000, 2000)
    with log.open("rb") as file:
        first.rename(tmp_path / "first.interrupted.1")
        assert [piece.left_out for piece in outputs.pieces(file, log, 0)] == [0, 1000, 0]


def test_other_programs(ledger: Ledger, munshi: Munshi) -> None:
    """-c names another program of the trial; an unknown one is answered with those that there are."""
    ledger.writes(FIRST, b"primary\n")
    hole(ledger.writes(FIRST, b"worker\n", "log.worker-1"), 0, 3)
    ledger.writes(FIRST, b"", "log.gap.77")
    assert munshi("logs", "random-a1", "-c", "worker-1").stdout == "ker\n"
    unknown = str(munshi("logs", "random-a1", "-c", "nope").exception)
    assert 'no log of a program "nope"; there are: worker-1, the primary one' in unknown
    climbing = munshi("logs", "random-a1", "-c", "x/../../../../munshi.db")
    assert "no log of a program" in str(climbing.exception)


def test_the_primary_program_may_be_named(ledger: Ledger, munshi: Munshi) -> None:
    """-c with the primary container's name is the log without a name."""
    spec = FIRST.spec.model_copy(update={"primary_container_name": "training"})
    ledger.put(FIRST.model_copy(update={"spec": spec}))
    ledger.writes(FIRST, b"primary\n")
    assert munshi("logs", "random-a1", "-c", "training").stdout == "primary\n"
    assert "there are: training" in str(munshi("logs", "random-a1", "-c", "x").exception)


def test_the_attempt_before(ledger: Ledger, munshi: Munshi) -> None:
    """-p is the attempt before the present one, an interrupted one included; never an older trial's."""
    first = ledger.writes(FIRST, b"first\n").parent
    assert "has no attempt before" in str(munshi("logs", "-p", "random-a1").exception)
    first.rename(f"{first}.interrupted.1")
    nothing = str(munshi("logs", "random-a1").exception)
    assert "has no output yet; that of the attempt before: munshi logs -p random-a1" in nothing
    assert munshi("logs", "-p", "random-a1").stdout == "first\n"
    for number in range(2, 12):
        ledger.writes(FIRST, f"again {number}\n".encode()).parent.rename(
            f"{first}.interrupted.{number}"
        )
    ledger.writes(FIRST, b"present\n")
    stranger = first.with_name("ffffffff-0")
    stranger.mkdir()
    (stranger / "log").write_text("of another trial\n")
    assert munshi("logs", "random-a1").stdout == "present\n"
    assert munshi("logs", "-p", "random-a1").stdout == "again 11\n"
    ledger.put(FIRST.model_copy(update={"status": FIRST.status.model_copy(update={"attempts": 2})}))
    assert munshi("logs", "-p", "random-a1").stdout == "present\n"


MISUSES = {
    "an experiment": ["logs", "experiment/random"],
    "an attempt that is over, followed": ["logs", "random-a1", "-p", "-f"],
    "fewer than no lines": ["logs", "random-a1", "--tail", "-1"],
}


@pytest.mark.parametrize("words", MISUSES.values(), ids=MISUSES.keys())
@pytest.mark.usefixtures("ledger")
def test_misuse_is_2(munshi: Munshi, words: list[str]) -> None:
    """What makes no sense ends with 2."""
    assert munshi(*words).exit_code == 2


@pytest.fixture
def follow(ledger: Ledger) -> Iterator[Command]:
    """`munshi logs -f` of a trial that does not run yet."""
    with command("logs", "-f", "random-b2", home=ledger.home.path) as munshi:
        yield munshi


def said(munshi: Command) -> str:
    """What it said on stderr, at its end."""
    assert munshi.process.stderr is not None
    return munshi.process.stderr.read().decode()


def test_a_log_is_followed_to_its_end(ledger: Ledger, follow: Command) -> None:
    """Following waits for the log, prints what is written as it comes, and ends with the trial."""
    assert follow.process.stderr is not None
    waits = follow.process.stderr.readline().decode()
    assert waits == 'munshi: trial "random-b2" does not run yet; waiting, Ctrl-C ends it\n'
    ledger.writes(SECOND, b"one\n")
    follow.until(b"one\n")
    ledger.writes(SECOND, b"tw\xff")
    follow.until(b"tw\xff")
    ledger.writes(SECOND, b"o\nthree\n")
    ledger.put(a_trial("random-b2", "Succeeded", accuracy="1"))
    assert follow.end() == 0
    assert follow.out == b"one\ntw\xffo\nthree\n"
    assert said(follow) == ""


def test_ctrl_c_ends_following(ledger: Ledger, follow: Command) -> None:
    """Ctrl-C ends it with 130 and not a word."""
    ledger.writes(SECOND, b"one\n")
    follow.until(b"one\n")
    follow.interrupt()
    assert follow.end() == 130
    assert "Traceback" not in said(follow)


def test_a_trial_that_begins_anew_is_followed_on(ledger: Ledger, follow: Command) -> None:
    """The next attempt's log follows the one before, which is read to its end wherever it was put."""
    first = ledger.writes(SECOND, b"one\n").parent
    follow.until(b"one\n")
    with (first / "log").open("ab") as still_open:
        first.rename(f"{first}.interrupted.1")
        still_open.write(b"last words\n")
    follow.until(b"last words\n")
    ledger.writes(SECOND, b"anew\n")
    follow.until(b"anew\n")
    status = SECOND.status.model_copy(update={"attempts": 2})
    ledger.put(SECOND.model_copy(update={"status": status}))
    ledger.writes(SECOND, b"second attempt\n")
    follow.until(b"second attempt\n")
    killed = a_trial("random-b2", "Killed")
    status = killed.status.model_copy(update={"attempts": 2})
    ledger.put(killed.model_copy(update={"status": status}))
    assert follow.end() == 0
    assert follow.out == b"one\nlast words\nanew\nsecond attempt\n"
    assert said(follow).count("the trial begins anew") == 2


def test_a_deleted_trial_is_followed_no_more(ledger: Ledger, follow: Command) -> None:
    """When the trial is deleted, what it wrote is printed and following ends."""
    ledger.writes(SECOND, b"one\n")
    follow.until(b"one\n")
    ledger.delete(Trial, "random-b2")
    assert follow.end() == 0
    assert 'trial "random-b2" was deleted' in said(follow)


def test_following_an_ended_trial(ledger: Ledger) -> None:
    """A trial that has ended is printed and done with; --tail begins at its last lines."""
    ledger.writes(FIRST, b"one\ntwo\nthree\n")
    with command("logs", "-f", "--tail", "2", "random-a1", home=ledger.home.path) as munshi:
        assert munshi.end() == 0
    assert munshi.out == b"two\nthree\n"


def test_an_ended_trial_without_output(ledger: Ledger) -> None:
    """There is nothing to wait for when the trial has ended: the answer is 4."""
    with command("logs", "-f", "random-a1", home=ledger.home.path) as munshi:
        assert munshi.end() == 4
        assert "has ended without output" in said(munshi)


def test_a_program_that_nobody_judges(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """When the program has ended and the trial does not, it is said what to do, once."""
    folder = ledger.writes(SECOND, b"one\n").parent
    ended = Exit(0, None, 1, 2, Reason.EXITED)
    (folder / "exit.json").write_text(ended.to_json())
    monkeypatch.setattr(following, "LOOK_S", 0.0)
    with Laptop().look() as glance:
        trial = finding.named(glance, "Trial", "default", "random-b2")
        over = {**trial, "status": a_trial("t", "Succeeded").dump()["status"]}
        looks = iter([trial] * 60 + [over])
        glance.get = lambda *_: next(looks)  # type: ignore[method-assign]
        with pytest.raises(click.exceptions.Exit) as exit_:
            following.follow(glance, trial, "", None)
    shown = capfd.readouterr()
    assert (exit_.value.exit_code, shown.out) == (0, "one\n")
    assert shown.err.count("nobody reads what it reported") == 1


def test_a_terminal_is_shown_no_raw_bytes(ledger: Ledger) -> None:
    r"""On a terminal bytes that are not UTF-8 come as \xNN, and Korean is whole across blocks."""
    ledger.writes(FIRST, b"a" * (BLOCK - 1) + "한글\n".encode() + b"\xff end\n")
    with command("logs", "random-a1", home=ledger.home.path, terminal=True) as munshi:
        munshi.until(b"end")
    assert "a한글".encode() in munshi.out
    assert b"\\xff end" in munshi.out


AMOUNTS = {0: "0 bytes", 999: "999 bytes", 1000: "1 kB", 934_200_000: "934 MB", 2 * 10**12: "2 TB"}


@pytest.mark.parametrize(("count", "text"), AMOUNTS.items())
def test_amounts(count: int, text: str) -> None:
    """Bytes are said in three digits."""
    assert following._amount(count) == text
