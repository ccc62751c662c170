"""The service of docs/own-service.md, made as the page says: its stubs, its program, its Experiment."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "own-service.md").read_text("utf-8")
PROTOC = "python -m grpc_tools.protoc -I. --python_out=. --grpc_python_out=. katib.proto"


def box(language: str) -> str:
    """The page's first box in a language."""
    found = re.search(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None, language
    return found[1]


def made(folder: Path, proto: str) -> None:
    """Write `service.py` and `climb.yaml` there, and make the stubs of the interface beside them.

    Args:
        folder: Where.
        proto: What `munshi suggestion-service --proto` prints.
    """
    assert f"$ {PROTOC}\n" in PAGE
    (folder / "katib.proto").write_text(proto, "utf-8")
    subprocess.run([sys.executable, *PROTOC.split()[1:]], cwd=folder, check=True, timeout=60)
    (folder / "service.py").write_text(box("python"), "utf-8")
    (folder / "climb.yaml").write_text(box("yaml"), "utf-8")
