"""The operator's log: one line each, as text and as JSON; tracebacks for bugs only."""

from __future__ import annotations

import io
import json
import logging

from munshi.errors import Forbidden
from munshi.kube.operator import diary

FACTS = {"facts": {"namespace": "ns", "experiment": "e", "trial": "", "reason": "Launch"}}


def said(form: str, *, bug: Exception | None = None) -> str:
    """What is written of one record, or of an error."""
    out = io.StringIO()
    with diary.kept(form, to=out):
        log = logging.getLogger("munshi.story")
        if bug is None:
            log.info("시작\n했다", extra=FACTS)
        else:
            try:
                raise bug
            except Exception:
                log.exception("pass failed")
    return out.getvalue()


def test_text_is_one_line_with_its_facts() -> None:
    """Line breaks are escaped, empty facts are left out."""
    line = said("text")
    assert line.endswith("INFO 시작 했다 [namespace=ns experiment=e reason=Launch]\n")
    assert line.count("\n") == 1


def test_json_is_one_object_a_line() -> None:
    """Time, level, message and facts are fields; Korean stays Korean."""
    line = said("json")
    assert line.count("\n") == 1
    read = json.loads(line)
    assert read["message"] == "시작\n했다"
    assert (read["level"], read["experiment"], read["reason"]) == ("info", "e", "Launch")
    assert "trial" not in read
    assert "시작" in line


def test_what_munshi_raises_is_a_sentence() -> None:
    """An error raised on purpose has no traceback."""
    assert said("text", bug=Forbidden("you may not")).endswith("ERROR pass failed: you may not\n")


def test_a_bug_shows_where_it_is() -> None:
    """A bug has its traceback: below the line, or in a field."""
    assert "ZeroDivisionError" in said("text", bug=ZeroDivisionError("x"))
    read = json.loads(said("json", bug=ZeroDivisionError("x")))
    assert "ZeroDivisionError" in read["trace"]


def test_the_engine_is_heard_only_in_trouble() -> None:
    """Its steps are told by the story already; afterwards logging is as before."""
    out = io.StringIO()
    engine = logging.getLogger("munshi.engine")
    before = engine.level
    with diary.kept("text", to=out):
        engine.info("trial t: LaunchTrial")
        engine.warning("the store is away")
    engine.warning("nobody hears this")
    assert out.getvalue().count("\n") == 1
    assert engine.level == before
