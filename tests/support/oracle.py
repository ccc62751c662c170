"""Go's own libraries as oracles: small programs under tools/oracles, built once and asked over pipes.

Each oracle is its own Go module. It reads one JSON value a line and answers one JSON value a line, in order.
The binary is cached under .cache/oracles and rebuilt when its sources change.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def ask(name: str, cases: Sequence[Any]) -> list[Any]:
    """Put every case to the oracle `name` and return its answers in the same order."""
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    done = subprocess.run(
        [_built(name)], input=lines.encode(), capture_output=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(cases), "the oracle answers each case once"
    return answers


def _built(name: str) -> Path:
    source = ROOT / "tools" / "oracles" / name
    digest = hashlib.sha256()
    for file in sorted(source.iterdir()):
        digest.update(file.name.encode() + file.read_bytes())
    binary = ROOT / ".cache" / "oracles" / f"{name}-{digest.hexdigest()[:16]}"
    if not binary.exists():
        go = shutil.which("go")
        assert go, "the oracle tests need Go: install it, or leave them out with -m 'not oracle'"
        binary.parent.mkdir(parents=True, exist_ok=True)
        fresh = binary.with_name(f"{binary.name}.{os.getpid()}")
        subprocess.run(
            [go, "build", "-mod=readonly", "-trimpath", "-o", fresh, "."],
            cwd=source,
            check=True,
            timeout=600,
        )
        fresh.replace(binary)
    return binary
