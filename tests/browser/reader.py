"""Somebody who reads our pages: goes to places, looks, and hears what the browser complains about."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, ConsoleMessage, Locator, Page

AXE = Path(__file__).resolve().parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"


class Reader:
    """A page of Chromium.

    Attributes:
        page: The page, for everything playwright can do.
        complaints: Errors and warnings of the console, exceptions, and requests that failed.
        expected: Parts of complaints that the test provokes on purpose.
    """

    def __init__(self, page: Page, shots: Path) -> None:
        self.page = page
        self._shots = shots
        self._thread: CDPSession | None = None
        self.complaints: list[str] = []
        self.expected: tuple[str, ...] = ()
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(f"exception: {error}"))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        if not any(part in message.text for part in self.expected):
            self.complaints.append(f"{message.type}: {message.text}")

    def go(self, base: str, place: str = "") -> Page:
        """Open a place and wait until nothing says that it is loading."""
        self.page.goto(f"{base}{place}")
        self.page.locator("main h1").first.wait_for()
        self.settle()
        return self.page

    def settle(self) -> None:
        """Wait until no part of the page is waiting for its data, and what came is painted."""
        # No wait_for_function in these tests: it evaluates text, which the page's policy refuses.
        self.page.locator(".waiting").first.wait_for(state="detached")
        self.page.evaluate(
            "new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))"
        )

    def worked_s(self) -> float:
        """Seconds that the page's main thread has worked since it was first asked."""
        if self._thread is None:
            self._thread = self.page.context.new_cdp_session(self.page)
            self._thread.send("Performance.enable", {"timeDomain": "threadTicks"})
        told = self._thread.send("Performance.getMetrics")["metrics"]
        return float(next(one["value"] for one in told if one["name"] == "TaskDuration"))

    def paste(self, editor: Locator, text: str) -> None:
        """Put a text in place of an editor's own, as people do; fill() would go around the editor."""
        self.page.evaluate("text => navigator.clipboard.writeText(text)", text)
        editor.press("Control+A")
        editor.press("Control+V")

    def shoot(self, name: str) -> None:
        """Keep a picture of the whole page."""
        self.page.screenshot(path=self._shots / f"{name}.png", full_page=True)

    def faults(self) -> list[str]:
        """What axe finds serious or critical, with the elements it speaks of."""
        # By evaluate and not by a script tag, which the page's own policy rightly refuses.
        self.page.evaluate(AXE.read_text("utf-8"))
        found: dict[str, Any] = self.page.evaluate(
            "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']})"
        )
        return [
            f"{one['id']}: {one['help']}: {json.dumps([node['html'][:160] for node in one['nodes'][:4]])}"
            for one in found["violations"]
            if one["impact"] in ("serious", "critical")
        ]

    def painted(self, selector: str = ".chart canvas") -> int:
        """How many pixels of a canvas are not empty."""
        count: int = self.page.locator(selector).first.evaluate(
            """canvas => {
              const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
              let n = 0;
              for (let i = 3; i < data.length; i += 4) n += data[i] > 0;
              return n;
            }"""
        )
        return count
