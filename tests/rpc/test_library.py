"""Without the extra, every door says how to install it."""

from __future__ import annotations

import subprocess
import sys

import pytest

OPENINGS = {
    "a service of others": "from munshi.rpc.services.caller import Caller; Caller('mine', 'h:1')",
    "our own service": (
        "import asyncio; from munshi.rpc.served import service; "
        "asyncio.run(service.serving('127.0.0.1', 0).__aenter__())"
    ),
}


@pytest.mark.parametrize("package", ["grpc", "google.protobuf"])
@pytest.mark.parametrize("opening", OPENINGS.values(), ids=OPENINGS)
def test_without_the_extra_the_install_line_is_said(opening: str, package: str) -> None:
    """The exact line, whichever of its packages is missing."""
    code = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "from munshi.errors import MissingExtra\n"
        f"try: exec({opening!r})\n"
        "except MissingExtra as missing: print(missing)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.strip().endswith("not installed: pip install 'munshi[grpc]'"), done


def test_the_command_line_says_it_as_a_sentence() -> None:
    """`munshi suggestion-service` without grpcio: no traceback, exit code 1."""
    code = (
        "import sys; sys.modules['grpc'] = None\n"
        "from munshi.cli import main\n"
        "sys.argv = ['munshi', 'suggestion-service', '--port', '0']\n"
        "sys.exit(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "pip install 'munshi[grpc]'" in done.stderr
    assert "Traceback" not in done.stderr
