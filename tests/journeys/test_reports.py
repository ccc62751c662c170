"""Programs that report by a call, that serve a page, or that somebody else's collector reads."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from journeys.stories import ONE_TRIAL, UNTIL_OPEN, experiment, written
from journeys.world import World, wait_until

pytestmark = pytest.mark.journey

PUSH = """
import os, munshi
for step in range(1, 4):
    munshi.report_metrics({"score": float(os.environ["X"]) * step, "loss": 1 / step}, step=step)
"""
SERVE = """
import http.server, os, threading, time
value = float(os.environ["X"])
class Page(http.server.BaseHTTPRequestHandler):
    seen = threading.Event()
    def do_GET(self):
        body = f'# TYPE score gauge\\nscore{{split="val"}} {value}\\nscore{{split="train"}} 9\\n'.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(body)
        Page.seen.set()
    def log_message(self, *_): pass
door = http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["MUNSHI_METRICS_PORT"])), Page)
threading.Thread(target=door.serve_forever, daemon=True).start()
Page.seen.wait(20)
time.sleep(0.1)
"""


def collecting(kind: str, **spec: Any) -> dict[str, Any]:
    """`spec.metricsCollectorSpec` of that kind."""
    collector = {
        "kind": kind,
        **({"customCollector": spec.pop("custom")} if "custom" in spec else {}),
    }
    return {"collector": collector, **spec}


def test_munshi_report_metrics_is_collected(world: World) -> None:
    """Collector Push: every call arrives with its step; the objective is judged as ever."""
    made = experiment(command=(sys.executable, "-c", PUSH), metricsCollectorSpec=collecting("Push"))
    done = world.munshi("run", written(world.path, made))
    assert done.code == 0, done.err
    assert world.outcomes() == {"Succeeded": 4}
    for trial in world.trials():
        x = float(trial["spec"]["parameterAssignments"][0]["value"])
        (score,) = trial["status"]["observation"]["metrics"]
        assert float(score["latest"]) == pytest.approx(3 * x)
        said = world.munshi("metrics", trial["metadata"]["name"], "-o", "csv").out
        assert [line.rsplit(",", 1)[1] for line in said.splitlines()[1:]] == ["1", "2", "3"]


def test_any_language_can_report_by_the_file(world: World) -> None:
    """A shell script appends a JSON line to $MUNSHI_METRICS_FILE."""
    script = """echo "{\\"score\\": $X}" >> "$MUNSHI_METRICS_FILE" """
    made = experiment(script, metricsCollectorSpec=collecting("Push"))
    done = world.munshi("run", written(world.path, made))
    assert done.code == 0, done.err
    assert world.outcomes() == {"Succeeded": 4}


def test_reports_outlive_the_engine(world: World) -> None:
    """What is reported while no munshi runs is read by the next one."""
    script = ("touch began", UNTIL_OPEN, 'echo "{\\"score\\": $X}" >> "$MUNSHI_METRICS_FILE"')
    made = experiment(*script, metricsCollectorSpec=collecting("Push"), maxTrialCount=2)
    name = written(world.path, made)
    run = world.start("run", name)
    wait_until(lambda: (world.path / "began").exists() and len(world.trials()) == 2, "for trials")
    run.kill()
    (world.path / "gate").touch()
    done = world.munshi("run", name)
    assert done.code == 0, done.err
    assert world.outcomes() == {"Succeeded": 2}


def test_a_program_that_reports_nothing_is_told_what_was_seen(world: World) -> None:
    """A report under another name: MetricsUnavailable, with the name that was used."""
    script = """echo '{"skore": 1}' >> "$MUNSHI_METRICS_FILE" """
    made = experiment(script, metricsCollectorSpec=collecting("Push"), **ONE_TRIAL)
    world.munshi("run", written(world.path, made))
    (condition,) = world.trials()[0]["status"]["conditions"][-1:]
    assert condition["type"] == "MetricsUnavailable"
    assert "skore" in condition["message"]


def test_a_served_page_is_scraped(world: World) -> None:
    """PrometheusMetric, two trials at once on ports of their own; the series is chosen by its label."""
    made = experiment(
        command=(sys.executable, "-c", SERVE),
        metricsCollectorSpec=collecting(
            "PrometheusMetric", source={"httpGet": {"port": 8080, "path": "/metrics"}}
        ),
        objective={"type": "maximize", "objectiveMetricName": 'score{split="val"}'},
    )
    pod = made["spec"]["trialTemplate"]["trialSpec"]["spec"]["template"]["spec"]
    pod["containers"][0]["env"].append({"name": "MUNSHI_METRICS_PORT", "value": "8080"})
    done = world.munshi("run", written(world.path, made))
    assert done.code == 0, done.err
    assert world.outcomes() == {"Succeeded": 4}
    for trial in world.trials():
        x = float(trial["spec"]["parameterAssignments"][0]["value"])
        assert float(trial["status"]["observation"]["metrics"][0]["latest"]) == pytest.approx(x)


def test_a_custom_collector_reports_for_the_program(world: World) -> None:
    """The collector's container runs beside the program, reads what both see, and reports it."""
    collector = {
        "name": "collector",
        "image": "none",
        "command": [
            "sh",
            "-c",
            """until [ -s /shared/result ]; do sleep 0.02; done
            echo "{\\"score\\": $(cat /shared/result)}" >> "$MUNSHI_METRICS_FILE" """,
        ],
    }
    source = {"fileSystemPath": {"kind": "Directory", "path": "/shared"}}
    made = experiment(
        "echo $X > /shared/new && mv /shared/new /shared/result",
        metricsCollectorSpec=collecting("Custom", custom=collector, source=source),
    )
    done = world.munshi("run", written(world.path, made))
    assert done.code == 0, done.err
    assert world.outcomes() == {"Succeeded": 4}


KATIB = """
import os
import kubeflow.katib as katib
katib.report_metrics({"score": float(os.environ["X"])})
"""


@pytest.mark.katib_sdk
def test_katib_s_own_report_metrics_arrives_unchanged(world: World, katib_python: Path) -> None:
    """A program written for Katib calls the SDK at its default address; every trial's value is there."""
    made = experiment(
        command=(str(katib_python), "-c", KATIB), metricsCollectorSpec=collecting("Push")
    )
    done = world.munshi("run", written(world.path, made), timeout=110)
    assert done.code == 0, done.err
    assert world.outcomes() == {"Succeeded": 4}
    for trial in world.trials():
        x = float(trial["spec"]["parameterAssignments"][0]["value"])
        assert float(trial["status"]["observation"]["metrics"][0]["latest"]) == pytest.approx(x)
