"""Every page, against made-up Experiments: what it shows, for whom, and how fast."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from browser.reader import Reader

pytestmark = pytest.mark.browser

PLACES = {
    "experiments": "#/",
    "overview": "#/experiment/default/digits/overview",
    "trials": "#/experiment/default/digits/trials",
    "parallel": "#/experiment/default/digits/plots/parallel",
    "slice": "#/experiment/default/digits/plots/slice",
    "contour": "#/experiment/default/digits/plots/contour",
    "importance": "#/experiment/default/digits/plots/importance",
    "curves": "#/experiment/default/digits/plots/curves",
    "pareto": "#/experiment/default/digits/plots/pareto",
    "timeline": "#/experiment/default/digits/plots/timeline",
    "yaml": "#/experiment/default/digits/yaml",
    "story": "#/experiment/default/digits/story",
    "trial": "#/trial/default/digits/digits-7pz/overview",
    "log": "#/trial/default/digits/digits-7pz/log",
    "job": "#/trial/default/digits/digits-7pz/job",
    "new": "#/new",
    "compare": "#/compare?e=default%2Fdigits&e=default%2Fwide",
}


@pytest.mark.parametrize("name", PLACES)
def test_every_page_is_accessible(reader: Reader, made_up: str, name: str) -> None:
    """Axe finds nothing serious on any page, light or dark, and the browser complains about nothing."""
    page = reader.go(made_up, PLACES[name])
    reader.shoot(name)
    assert reader.faults() == []
    page.get_by_role("button", name="Light or dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    reader.settle()
    reader.shoot(f"{name}-dark")
    assert reader.faults() == []


@pytest.mark.parametrize("name", PLACES)
def test_every_page_fits_a_phone(reader: Reader, made_up: str, name: str) -> None:
    """At 390 pixels no page is wider than the screen; what is wider scrolls within its own frame."""
    reader.page.set_viewport_size({"width": 390, "height": 800})
    page = reader.go(made_up, PLACES[name])
    reader.shoot(f"{name}-phone")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("name", ["slice", "contour", "curves", "pareto", "timeline", "overview"])
def test_charts_are_painted(reader: Reader, made_up: str, name: str) -> None:
    """A chart has marks on its canvas, and a sentence for those who cannot see it."""
    page = reader.go(made_up, PLACES[name])
    expect(page.locator(".chart-face").first).to_have_attribute(
        "aria-label", re.compile(r"\w+ .*\w+")
    )
    assert reader.painted() > 2000


@pytest.mark.parametrize(
    "name", ["overview", "trials", "plots/parallel", "plots/slice", "plots/timeline"]
)
def test_ten_thousand_trials_take_less_than_a_second(
    reader: Reader, made_up: str, name: str
) -> None:
    """Reading, laying out and drawing 10,000 trials × 10 parameters takes the page less than a second."""
    page = reader.go(made_up, "#/experiment/default/wide/yaml")
    # The main thread's own time, not the clock's: it does not depend on what else the machine does.
    before_s = reader.worked_s()
    page.evaluate("place => { location.hash = place; }", f"#/experiment/default/wide/{name}")
    page.locator("canvas, .trials tbody tr").first.wait_for()
    reader.settle()
    took_s = reader.worked_s() - before_s
    reader.shoot(f"wide-{name.replace('/', '-')}")
    assert took_s < 1.0


def test_only_rows_in_sight_are_laid_out(reader: Reader, made_up: str) -> None:
    """Of 10,000 rows fewer than a hundred are in the document, and the last can be scrolled to."""
    page = reader.go(made_up, "#/experiment/default/wide/trials")
    expect(page.locator("table.trials")).to_have_attribute("aria-rowcount", "10001")
    assert page.locator("table.trials tbody tr").count() < 100
    page.locator(".tall").evaluate("frame => frame.scrollTop = frame.scrollHeight")
    expect(page.locator("table.trials tbody tr[aria-rowindex='10001']")).to_be_visible()


def test_trials_are_filtered_sorted_and_kept_as_files(
    reader: Reader, made_up: str, tmp_path: Path
) -> None:
    """The CSV and the JSON hold exactly the rows and columns that are shown, in their order."""
    page = reader.go(made_up, "#/experiment/default/wide/trials")
    page.get_by_label("Filter trials").fill("accuracy>0.9 activation=tanh")
    page.get_by_role("button", name="accuracy").click()
    page.get_by_role("button", name="accuracy").click()
    expect(page.get_by_role("columnheader", name="accuracy")).to_have_attribute(
        "aria-sort", "descending"
    )
    page.locator("summary", has_text="Columns").click()
    page.get_by_label("p6").uncheck()
    page.locator("summary", has_text="Columns").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    download.value.save_as(tmp_path / "trials.csv")
    with (tmp_path / "trials.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    values = [float(row["accuracy"]) for row in rows]
    assert values == sorted(values, reverse=True)
    assert min(values) > 0.9
    assert {row["activation"] for row in rows} == {"tanh"}
    assert "p5" in rows[0]
    assert "p6" not in rows[0]
    expect(page.get_by_text(f"{len(rows)} of 10000 shown")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="JSON").click()
    download.value.save_as(tmp_path / "trials.json")
    kept = json.loads((tmp_path / "trials.json").read_text())
    assert [row["name"] for row in kept] == [row["name"] for row in rows]


def test_hostile_text_is_only_text(reader: Reader, made_up: str) -> None:
    """Markup, direction marks and NUL in names and messages neither run nor hide; they are shown."""
    for place in (
        "#/",
        "#/experiment/other/hostile/overview",
        "#/experiment/other/hostile/trials",
        "#/experiment/other/hostile/story",
        "#/experiment/other/hostile/plots/parallel",
    ):
        page = reader.go(made_up, place)
        assert page.locator("main img, main script").count() == 0
        assert "\u202e" not in page.locator("main").inner_text()
        assert "\x00" not in page.locator("main").inner_text()
    page = reader.go(made_up, "#/experiment/other/hostile/story")
    expect(page.get_by_text("<script>alert(1)</script>").first).to_be_visible()
    reader.shoot("hostile-story")


def test_the_plots_can_be_brushed_by_hand_and_by_key(reader: Reader, made_up: str) -> None:
    """A drag along an axis, or arrow keys on it, choose trials; Escape lets all of them back."""
    page = reader.go(made_up, "#/experiment/default/wide/plots/parallel")
    whole = page.get_by_text(re.compile(r"^(\d+) of \1 trials are chosen"))
    expect(whole).to_be_visible()
    axis = page.get_by_role("slider", name="lr: keep trials")
    box = axis.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 14, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 14, box["y"] + 120, steps=4)
    page.mouse.up()
    expect(whole).not_to_be_visible()
    reader.shoot("parallel-brushed")
    axis.press("Escape")
    expect(whole).to_be_visible()
    for _ in range(4):
        axis.press("ArrowUp")
    expect(whole).not_to_be_visible()
    expect(axis).to_have_attribute("aria-valuetext", re.compile("0.0003.* … 0.1"))


def test_a_chart_is_walked_by_keys(reader: Reader, made_up: str) -> None:
    """Arrow keys name one trial after the other, and Enter opens the one that is named."""
    page = reader.go(made_up, "#/experiment/default/digits/overview")
    chart = page.get_by_role("application").first
    chart.focus()
    chart.press("ArrowRight")
    first = page.locator(".tip strong").inner_text()
    chart.press("ArrowRight")
    second = page.locator(".tip strong").inner_text()
    assert first != second
    chart.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(second)


def test_a_chart_is_zoomed_by_dragging(reader: Reader, made_up: str) -> None:
    """A drag shows a part of the chart, a button all of it again."""
    page = reader.go(made_up, "#/experiment/default/digits/plots/curves")
    box = page.locator(".chart-face").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 200, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 500, box["y"] + 200, steps=4)
    page.mouse.up()
    page.get_by_role("button", name="Show everything").click()
    expect(page.get_by_role("button", name="Show everything")).to_have_count(0)


def test_keys_lead_everywhere(reader: Reader, made_up: str) -> None:
    """Single letters search and go to pages, but not while somebody writes."""
    page = reader.go(made_up)
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("ne")
    expect(page.get_by_role("searchbox")).to_have_value("ne")
    page.get_by_role("heading", name="Experiments").click()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("n")
    expect(page.get_by_role("heading", name="New Experiment")).to_be_visible()


def test_korean_by_the_browser_and_by_choice(reader: Reader, made_up: str) -> None:
    """One click changes every word of ours, and the choice outlives a reload."""
    page = reader.go(made_up, "#/experiment/default/digits/overview")
    page.get_by_role("button", name="한국어").click()
    expect(page.get_by_role("heading", name="최적 설정")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="최적 설정")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    reader.shoot("overview-korean")


def test_a_log_is_searched_and_read_from_its_beginning(reader: Reader, made_up: str) -> None:
    """The tail comes first; the beginning comes when it is asked for; a search steps through its finds."""
    page = reader.go(made_up, "#/trial/default/digits/digits-7pz/log")
    expect(page.get_by_text("epoch=5999 accuracy=")).to_be_visible()
    page.get_by_role("button", name="Load earlier").click()
    expect(page.get_by_text("6000 lines")).to_be_visible()
    page.get_by_label("Search", exact=True).fill("EPOCH=17 ")
    expect(page.get_by_text("1 / 1")).to_be_visible()
    page.get_by_role("button", name="Next").click()
    expect(page.locator(".log mark")).to_have_text("epoch=17 ")
    reader.shoot("log-search")


def test_yaml_is_judged_and_completed_as_it_is_written(reader: Reader, made_up: str) -> None:
    """A fault is named with its line, which a click leads to; completion offers what the schema knows."""
    page = reader.go(made_up, "#/new")
    expect(page.get_by_text("No faults: ready to submit")).to_be_visible()
    editor = page.get_by_role("textbox", name="Experiment as YAML")
    reader.paste(editor, "spec:\n  objective:\n    type: maximise\n")
    expect(page.get_by_text("1 faults")).to_be_visible()
    expect(page.get_by_role("button", name="Submit")).to_be_disabled()
    page.get_by_role("button", name="Line 3").click()
    expect(editor).to_be_focused()
    reader.shoot("new-fault")
    editor.press("Control+End")
    page.keyboard.type("    go")
    expect(page.get_by_role("option", name="goal")).to_be_visible()
    page.wait_for_timeout(150)  # CodeMirror takes no Enter within 75 ms of its list's appearance
    page.keyboard.press("Enter")
    expect(editor).to_contain_text("goal: ")


def test_the_form_writes_the_yaml(reader: Reader, made_up: str) -> None:
    """What is changed in the form stands in the YAML, and the other way round."""
    page = reader.go(made_up, "#/new")
    page.get_by_label("Form", exact=True).check()
    reader.shoot("new-form")
    page.get_by_label("Trials in all").fill("33")
    page.get_by_role("button", name="Add a parameter").click()
    page.get_by_label("Name 2").fill("units")
    assert reader.faults() == []
    page.get_by_label("YAML", exact=True).check()
    editor = page.get_by_role("textbox", name="Experiment as YAML")
    expect(editor).to_contain_text("maxTrialCount: 33")
    expect(editor).to_contain_text("name: units")


def test_a_lost_server_is_said_and_found_again(reader: Reader, made_up: str) -> None:
    """While the server is away the page says so and keeps what it shows; news then come again."""
    reader.expected = ("net::ERR", "Failed to load resource")
    page = reader.go(made_up)
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    page.context.set_offline(True)
    page.get_by_role("button", name="Actions digits").click()
    page.get_by_role("button", name="Suspend digits").click()
    expect(page.get_by_text("munshi does not answer")).to_be_visible()
    expect(page.get_by_role("link", name="digits")).to_be_visible()
    page.context.set_offline(False)
    page.get_by_role("button", name="Actions digits").click()
    page.get_by_role("button", name="Suspend digits").click()
    expect(page.get_by_text("digits: suspend is done.")).to_be_visible()
