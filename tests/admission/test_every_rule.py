"""The tables of cases know every rule: a rule without a case fails here."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from admission.builders import GO_TEXT, GONE, changed, config_maps, faults
from admission.test_rules import FILE, GO, REFUSED, T
from admission.test_update import REFUSED as REFUSED_CHANGES
from munshi import admission
from munshi.api import source, yaml_writer

SOURCE = Path(admission.__file__).parent.parent
RULES = [
    *(
        f
        for f in (SOURCE / "admission").glob("*.py")
        if f.name not in ("conversion.py", "proof.py")
    ),
    SOURCE / "space" / "read.py",
]
FAULTY = ("FieldFault", "_fault", "_space_fault", "_unreadable")
REFUSED_BY_SHAPE = ("write min and max, or a list", "written)} is unknown', mend")
"""Of `space`, for other callers: `api` reads no Experiment that these could speak of."""
WARNED: dict[str, tuple[dict[str, object], str]] = {
    "trialParameters beside a goTemplate": (
        {f"{T}.trialSpec": GONE, f"{T}.goTemplate": {"rawTemplate": GO_TEXT}},
        f"{T}.trialParameters",
    ),
    "a filter for event files": (
        {
            f"{FILE}.collector.kind": "TensorFlowEvent",
            f"{FILE}.source.filter.metricsFormat": ["(a)(b)"],
        },
        f"{FILE}.source.filter",
    ),
    "a path for standard output": (
        {f"{FILE}.source.fileSystemPath": {"path": "/train/log"}},
        f"{FILE}.source.fileSystemPath",
    ),
}


def sites() -> dict[tuple[str, int], str]:
    """Every line that makes a fault, with its code."""
    found = {}
    for file in RULES:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = node.func.id if isinstance(node.func, ast.Name) else ""
                name = node.func.attr if isinstance(node.func, ast.Attribute) else name
                if name in FAULTY:
                    found[str(file), node.lineno] = ast.unparse(node)
    return found


@contextmanager
def lines_run() -> Iterator[set[tuple[str, int]]]:
    """The lines of these files that run meanwhile."""
    files, seen = {str(file) for file in RULES}, set[tuple[str, int]]()

    def trace(frame: FrameType, event: str, argument: Any) -> Callable[..., Any] | None:
        del event, argument
        file = frame.f_code.co_filename
        if file not in files:
            return None
        seen.add((file, frame.f_lineno))
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield seen
    finally:
        sys.settrace(before)


def warned(changes: dict[str, object]) -> set[str]:
    """The fields of what was written in vain."""
    document = changed(changes)
    return {f.field for f in admission.admit(document, config_maps=config_maps).warnings}


def test_every_rule_has_a_case() -> None:
    """Each line of admission that makes a fault or a warning runs for some case of the tables."""
    in_a_file = source.read(yaml_writer.write(changed({**GO, f"{T}.goTemplate.rawTemplate": "{{"})))
    with lines_run() as seen:
        for changes, _, _ in REFUSED.values():
            faults(changed(changes))
        for old, changes, _ in REFUSED_CHANGES.values():
            faults(changed(changes), old)
        for changes, _ in WARNED.values():
            warned(changes)
        assert faults(in_a_file[0])
    known = {
        place: code
        for place, code in sites().items()
        if not any(known in code for known in REFUSED_BY_SHAPE)
    }
    assert len(known) > 90, "the search for rules itself works"
    without = [
        f"{Path(file).name}:{line}: {known[file, line]}" for file, line in known.keys() - seen
    ]
    assert sorted(without) == []


def test_what_has_no_effect_is_told() -> None:
    """Each case of the table of warnings is told, at its field."""
    for changes, field in WARNED.values():
        assert field in warned(changes)
