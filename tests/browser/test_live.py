"""The real server and real trials, followed in the browser from submission to the end."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browser.programs import experiment
from browser.reader import Reader
from journeys.world import World, wait_until

pytestmark = pytest.mark.browser

LONG_MS = 90_000
"""For what a busy machine's engine does in its own time."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A home of its own; afterwards nothing of it may be left running."""
    here = World(tmp_path)
    try:
        yield here
        left = here.survivors()
        assert not left, f"these outlived their test: {left}"
    finally:
        here.clear()


@pytest.fixture
def link(reader: Reader, world: World) -> Iterator[str]:
    """What `munshi ui` prints, while it runs."""
    server = world.start("ui", "--port", "0", "--no-browser")
    wait_until(lambda: "token=" in server.out, "for munshi ui's link")
    yield server.out.split()[0]
    reader.page.goto("about:blank")  # what still asks would complain of the server's end
    server.interrupt()


def submit(reader: Reader, base: str, text: str) -> Page:
    """Write an Experiment on the page and send it; ends on its own page."""
    page = reader.go(base, "#/new")
    reader.paste(page.get_by_role("textbox", name="Experiment as YAML"), text)
    expect(page.get_by_text("No faults: ready to submit")).to_be_visible(timeout=LONG_MS)
    page.get_by_role("button", name="Submit").click()
    page.get_by_role("tab", name="Overview").wait_for()
    return page


def state(page: Page, word: str) -> None:
    """Wait until the Experiment's status is this word."""
    expect(page.locator("main .head .status")).to_contain_text(word, timeout=LONG_MS)


def open_link(reader: Reader, link: str) -> str:
    """Enter by the link; what is returned is the address without the token."""
    reader.page.goto(link)
    expect(reader.page.get_by_text("Live", exact=True)).to_be_visible()
    assert "token" not in reader.page.url
    return reader.page.url.split("#")[0]


def test_an_experiment_is_followed_from_submission_to_its_best_settings(
    reader: Reader, world: World, link: str
) -> None:
    """Without a reload the page goes from submission to the end, and shows what `munshi best` prints."""
    base = open_link(reader, link)
    page = submit(reader, base, experiment("followed", trials=6))
    page.evaluate("window.sameDocument = true")
    expect(page.get_by_text("Best settings")).to_be_visible()
    state(page, "Succeeded")
    expect(page.locator("main .head .progress")).to_contain_text("6/6")
    assert page.evaluate("window.sameDocument") is True
    assert reader.painted() > 500
    reader.shoot("live-overview")
    best = world.munshi("best", "followed", "-o", "json")
    settings = json.loads(best.out)
    page.get_by_label("JSON", exact=True).check()
    page.get_by_role("button", name="Copy").click()
    copied = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert str(copied["lr"]) in json.dumps(settings)
    for name in ("parallel", "slice", "importance", "curves", "pareto", "timeline"):
        reader.go(base, f"#/experiment/default/followed/plots/{name}")
        reader.shoot(f"live-{name}")
    assert reader.faults() == []
    reader.go(base, "#/experiment/default/followed/story")
    expect(page.get_by_text("TrialCreated").first).to_be_visible()


def test_a_trial_tells_everything(reader: Reader, world: World, link: str) -> None:
    """Its settings, its values over steps, its log as text, its job, and how it went."""
    base = open_link(reader, link)
    page = submit(reader, base, experiment("told", trials=2))
    state(page, "Succeeded")
    page.get_by_role("tab", name="Trials").click()
    page.locator("table.trials th a").first.click()
    expect(page.get_by_role("heading", name="Metrics over steps")).to_be_visible()
    expect(page.locator(".chart-face").first).to_have_attribute(
        "aria-label", re.compile("accuracy: 5 values")
    )
    reader.shoot("live-trial")
    page.get_by_role("tab", name="Log").click()
    expect(page.get_by_text("<script>alert(1)</script> ⟨U+202E⟩ done")).to_be_visible()
    page.get_by_role("tab", name="Job").click()
    expect(page.get_by_role("region", name="Job")).to_contain_text("kind: Job")
    page.get_by_role("tab", name="Story").click()
    expect(page.get_by_text("TrialSucceeded")).to_be_visible()
    assert world.lines("alert") == []


def test_an_experiment_is_suspended_resumed_stopped_restarted_and_deleted(
    reader: Reader, world: World, link: str
) -> None:
    """Each button does what its verb does, and the page shows it by itself."""
    base = open_link(reader, link)
    page = submit(reader, base, experiment("acted", trials=40, pause_s=0.3))
    state(page, "Running")
    page.get_by_role("button", name="Suspend acted").click()
    state(page, "Suspended")
    page.get_by_role("button", name="Resume acted").click()
    state(page, "Running")
    page.get_by_role("button", name="Stop acted").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_role("button", name="Stop acted")).to_have_count(0, timeout=LONG_MS)
    reader.shoot("live-stopped")
    page.get_by_role("button", name="Clone acted").click()
    expect(page.get_by_role("textbox", name="Experiment as YAML")).to_contain_text("name: acted-2")
    reader.go(base, "#/experiment/default/acted")
    page.get_by_role("button", name="Delete acted").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("There are no Experiments here yet")).to_be_visible(timeout=LONG_MS)
    assert world.get("experiments")["items"] == []


def test_a_finished_experiment_goes_on_with_a_larger_budget(reader: Reader, link: str) -> None:
    """Restart asks for the new budget and runs the trials that are missing."""
    base = open_link(reader, link)
    text = experiment("larger", trials=2).replace(
        "\nspec:\n", "\nspec:\n  resumePolicy: LongRunning\n", 1
    )
    page = submit(reader, base, text)
    state(page, "Succeeded")
    page.get_by_role("button", name="Restart larger").click()
    page.get_by_label("Trials in all").fill("4")
    page.get_by_role("dialog").get_by_role("button", name="Restart").click()
    expect(page.locator("main .head .progress")).to_contain_text("4/4", timeout=LONG_MS)


def test_why_a_trial_failed_stands_on_its_page(reader: Reader, link: str) -> None:
    """A failed trial says its exit code at the top, and offers to be run once more."""
    base = open_link(reader, link)
    page = submit(reader, base, experiment("failing", trials=2, code=3))
    expect(page.locator("main .head .progress")).to_contain_text("2/2", timeout=LONG_MS)
    page.get_by_role("tab", name="Trials").click()
    page.locator("table.trials th a").first.click()
    expect(page.locator(".why")).to_contain_text("3")
    expect(page.get_by_role("button", name="Retry")).to_be_visible()
    reader.shoot("live-failed")


def test_a_fault_is_told_with_its_line(reader: Reader, link: str) -> None:
    """The real judge's faults stand beside the editor, each with the line it is about."""
    base = open_link(reader, link)
    page = reader.go(base, "#/new")
    editor = page.get_by_role("textbox", name="Experiment as YAML")
    reader.paste(editor, experiment("faulty").replace("type: maximize", "type: maximise"))
    expect(page.get_by_role("button", name="Line 8")).to_be_visible(timeout=LONG_MS)
    expect(page.get_by_role("button", name="Submit")).to_be_disabled()
    reader.shoot("live-fault")


def test_without_the_link_nothing_is_shown(reader: Reader, link: str) -> None:
    """Who comes without the token sees a sentence, and no Experiment."""
    reader.expected = ("403",)
    reader.page.goto(link.partition("?")[0])
    expect(reader.page.locator("body")).to_contain_text("munshi")
    assert reader.page.locator("table").count() == 0
