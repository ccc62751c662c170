"""A real headless Chromium, and servers for it to look at."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from browser.reader import Reader

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "src" / "munshi" / "web" / "static" / "index.html"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The machine's own Chromium; playwright downloads nothing."""
    assert PAGES.exists(), "the pages are not built: make web"
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def made_up() -> Iterator[str]:
    """The address of web/dev/server.mjs: Experiments that nobody ran, one of them of 10,000 trials."""
    server = subprocess.Popen(
        ["node", "dev/server.mjs"],
        cwd=ROOT / "web",
        env={**os.environ, "PORT": "0"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    try:
        yield server.stdout.readline().strip()
    finally:
        server.terminate()
        server.wait(20)
        server.stdout.close()


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    """Where screenshots go: $MUNSHI_SHOTS to look at them, else away with the test."""
    kept = os.environ.get("MUNSHI_SHOTS")
    return Path(kept) if kept else tmp_path


@pytest.fixture
def reader(chromium: Browser, shots: Path) -> Iterator[Reader]:
    """Somebody with a browser; afterwards the browser may not have complained about anything."""
    context = chromium.new_context(
        viewport={"width": 1360, "height": 860}, locale="en-GB", accept_downloads=True
    )
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    context.set_default_timeout(20_000)
    someone = Reader(context.new_page(), shots)
    yield someone
    context.close()
    assert someone.complaints == []
