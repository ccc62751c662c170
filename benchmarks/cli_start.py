"""How long munshi takes to answer, in multiples of a Python that does nothing.

    python benchmarks/cli_start.py [--rounds 25]

Wall time of whole processes, taken in turns so that what else the machine does falls on all of them;
the median of many. `import click` is what reading any command line costs at least.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "python -c 'import click'": ["-c", "import click"],
    "munshi --help": ["-m", "munshi", "--help"],
    "munshi get experiments": ["-m", "munshi", "get", "experiments"],
    "munshi get experiments -o json": ["-m", "munshi", "get", "experiments", "-o", "json"],
    "munshi get experiments -o yaml": ["-m", "munshi", "get", "experiments", "-o", "yaml"],
    "munshi describe experiments": ["-m", "munshi", "describe", "experiments"],
}


def once(arguments: list[str], env: dict[str, str]) -> float:
    """Seconds of one process."""
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments],
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - began


def measured(rounds: int, env: dict[str, str]) -> dict[str, float]:
    """The median of each command."""
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(rounds):
        for name, arguments in COMMANDS.items():
            taken[name].append(once(arguments, env))
    return {name: statistics.median(times) for name, times in taken.items()}


def main() -> None:
    """Print times and ratios: as installed with compiled bytecode, and without any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=25)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as compiled:
        surroundings = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        with_bytecode = {**surroundings, "MUNSHI_HOME": home, "PYTHONPYCACHEPREFIX": compiled}
        without = {**surroundings, "MUNSHI_HOME": home, "PYTHONDONTWRITEBYTECODE": "1"}
        for title, env in (("with bytecode", with_bytecode), ("writing none", without)):
            measured(2, env)  # to write the bytecode, and to make a database
            medians = measured(rounds, env)
            nothing = medians["python -c pass"]
            print(f"{title}:")
            for name, median in medians.items():
                print(f"  {name:32} {median * 1e3:7.1f} ms  {median / nothing:5.1f}x")


if __name__ == "__main__":
    main()
