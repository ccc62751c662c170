"""`munshi ui` as a user starts it: its link, its end, and what it says when it cannot begin."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request

from support.real_home import RealHome


def started(home: RealHome, *words: str, code: str = "") -> subprocess.Popen[str]:
    """`munshi ui --no-browser …` as a process."""
    command = [
        sys.executable,
        *(["-c", code] if code else ["-m", "munshi"]),
        "ui",
        "--no-browser",
        *words,
    ]
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command,
        stdout=pipe,
        stderr=pipe,
        text=True,
        env={**os.environ, "MUNSHI_HOME": str(home.home.path)},
    )


def test_ctrl_c_ends_it_with_zero(home: RealHome) -> None:
    """Stdout has the link alone, whose token opens it; Ctrl-C is success, also while a page watches."""
    with started(home, "--port", "0") as process:
        assert process.stdout is not None
        link = process.stdout.readline().strip()
        address, _, token = link.partition("?token=")
        bearer = {"Authorization": f"Bearer {token}"}
        asked = urllib.request.Request(f"{address}api/changes", headers=bearer)  # noqa: S310 - loopback
        with urllib.request.urlopen(asked, timeout=60) as stream:  # noqa: S310 - loopback, as printed
            assert stream.readline().startswith(b":")
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "")
    assert err == "munshi: Ctrl-C ends this page; experiments go on\n"


def test_a_port_that_is_taken_is_a_sentence(home: RealHome) -> None:
    """A port that was asked for and is taken is refused, with what to do."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with started(home, "--port", str(port)) as process:
            _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert err.startswith(f"munshi: port {port} cannot be used: ")
    assert "--port" in err


def test_without_the_extra_it_says_what_to_install(home: RealHome) -> None:
    """Where Starlette is not installed, the answer is the install line."""
    code = (
        "import sys; sys.modules['starlette.applications'] = None; sys.modules['starlette'] = None\n"
        "from munshi.cli import main; sys.exit(main())"
    )
    with started(home, code=code) as process:
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert (
        err == 'munshi: munshi ui needs a package that is not installed: pip install "munshi[ui]"\n'
    )
