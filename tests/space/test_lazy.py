"""What importing costs."""

from __future__ import annotations

import subprocess
import sys


def test_reading_a_space_and_naming_algorithms_loads_no_numpy() -> None:
    """An Experiment can be validated, and help be printed, without the arithmetic."""
    program = (
        "import sys, munshi.space, munshi.algorithms\n"
        "munshi.algorithms.known()\n"
        "munshi.algorithms.find('grid')\n"
        "sys.exit('numpy' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], timeout=60, check=False)
    assert done.returncode == 0
