"""The package on docs/own-algorithm.md, as it stands there: installed, tested, run and replayed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from support import packages

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "own-algorithm.md").read_text("utf-8")


def boxes(language: str) -> list[str]:
    """What stands in the page's boxes of this language."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


class Place:
    """A folder with the page's package installed in it, and commands that find it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.site = folder, folder / "site"
        method, suite = boxes("python")
        [project] = boxes("toml")
        [experiment] = boxes("yaml")
        said = tomllib.loads(project)["project"]
        entries = said["entry-points"]["munshi.algorithms"]
        packages.install(self.site, said["name"], {"hillclimb": method}, entries, said["version"])
        (folder / "test_hillclimb.py").write_text(suite, "utf-8")
        (folder / "climb.yaml").write_text(experiment, "utf-8")

    def run(self, *words: str, installed: bool = True) -> subprocess.CompletedProcess[str]:
        """A program of this Python, in the folder."""
        env = {
            **os.environ,
            "MUNSHI_HOME": str(self.folder / "home"),
            "PYTHONPATH": str(self.site) if installed else "",
        }
        return subprocess.run(
            [sys.executable, "-m", *words],
            cwd=self.folder,
            env=env,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A new one."""
    return Place(tmp_path)


def test_the_pages_algorithm_keeps_the_contract(place: Place) -> None:
    """The suite on the page, run as it says, passes with all of its tests."""
    done = place.run("pytest", "-q", "-p", "no:cacheprovider", "test_hillclimb.py")
    assert done.returncode == 0, done.stdout
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) > 40


@pytest.mark.journey
def test_the_pages_experiment_runs_and_is_replayed(place: Place) -> None:
    """`munshi run` finds the algorithm by its name, and `munshi replay` computes the search again."""
    done = place.run("munshi", "run", "climb.yaml", "--no-progress")
    assert done.returncode == 0, done.stderr
    again = place.run("munshi", "replay", "climb")
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout == "12 of 12 suggestions agree: hillclimb gives the same again\n"


def test_its_check_is_called(place: Place) -> None:
    """A setting out of its limits is told with its line, before anything runs."""
    file = place.folder / "climb.yaml"
    file.write_text(file.read_text("utf-8").replace('"0.05"', '"-1"'), "utf-8")
    done = place.run("munshi", "validate", "climb.yaml")
    assert done.returncode == 2
    assert re.search(r"climb.yaml:\d+:\d+: .*-1.* is not a number above 0", done.stderr)


def test_without_the_package_the_name_is_unknown(place: Place) -> None:
    """Where it is not installed, the field and the names that are known are told."""
    done = place.run("munshi", "validate", "climb.yaml", installed=False)
    assert done.returncode == 2
    assert 'spec.algorithm.algorithmName: "hillclimb" is unknown; known: ' in done.stderr


def test_a_study_knows_it_too(place: Place) -> None:
    """The name means the same inside a program."""
    (place.folder / "searching.py").write_text(
        "import munshi\n"
        "study = munshi.Study({'x': (0.0, 1.0)}, algorithm='hillclimb', seed=1)\n"
        "for _ in range(30):\n"
        "    [trial] = study.ask()\n"
        "    study.tell(trial, (trial.assignments['x'] - 0.3) ** 2)\n"
        "assert study.best.value < 0.01, study.best\n",
        "utf-8",
    )
    done = place.run("searching")
    assert done.returncode == 0, done.stderr
