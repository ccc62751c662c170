"""A `munshi run` of its own for an experiment that somebody must drive, such as one submitted in a browser.

It outlives whoever starts it. When it is killed, the experiment waits as it is: the next driver takes up what
runs and goes on.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from munshi.api import yaml_writer
from munshi.api.experiment import Experiment
from munshi.cli import outputs
from munshi.errors import Terminal
from munshi.local import place
from munshi.local.home import Home

FOLDER = "drivers"
"""In the home: what drivers have to say, a file for each experiment."""
_LOOK_S = 0.1
_PATIENCE_S = 30.0
"""A driver that is slower to begin is left alone: it will."""


async def start(home: Home, experiment: Experiment) -> None:
    """Have somebody drive an experiment, and wait until somebody does; nothing happens if one does already.

    Args:
        home: Where it is kept.
        experiment: As it is kept.

    Raises:
        Terminal: The driver ended at once; with its last words.
    """
    if home.is_driven(experiment.namespace, experiment.name):
        return
    log = home.path / FOLDER / f"{experiment.namespace}.{experiment.name}.log"
    driver = await asyncio.to_thread(_begun, home, experiment, log)
    for _ in range(round(_PATIENCE_S / _LOOK_S)):
        code = driver.poll()
        if code:
            words = " ".join(outputs.last_words(log, 3))
            raise Terminal(f"nobody drives the experiment: munshi run ended with {code}: {words}")
        if code == 0 or home.is_driven(experiment.namespace, experiment.name):
            break
        await asyncio.sleep(_LOOK_S)


def _begun(home: Home, experiment: Experiment, log: Path) -> subprocess.Popen[bytes]:
    log.parent.mkdir(mode=0o700, exist_ok=True)
    with tempfile.TemporaryFile() as text, log.open("wb") as words:
        text.write(yaml_writer.write(experiment.dump()).encode())
        text.seek(0)
        driver = subprocess.Popen(
            [sys.executable, "-m", "munshi", "run", "--no-progress", "-"],
            stdin=text,
            stdout=words,
            stderr=words,
            start_new_session=True,
            env={**os.environ, place.VARIABLE: str(home.path)},
        )
    # Whoever started it takes note of its end, or it would stay as a zombie; that wait holds up nobody.
    threading.Thread(target=driver.wait, name="munshi-driver", daemon=True).start()
    return driver
