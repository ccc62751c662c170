"""A metrics collector of a user's own, with the arguments of Katib's example: -m NAMES -s ADDRESS -path FILE.

As Katib's collectors do, it runs beside the program, looks for it among the pod's processes, waits until it
has ended, and then reports all of the file by Katib's gRPC.
"""

import os
import re
import sys
import time
from pathlib import Path

from train import push_to_katib  # type: ignore[import-not-found]  # beside this file in the image

PROGRAM = "mnist.py"
START_S = 60
METRIC = re.compile(r"{metricName: ([\w-]+), metricValue: (-?[\d.]+)}")


def runs() -> bool:
    """Whether the program is among the pod's processes."""
    files = Path("/proc").glob("[0-9]*/cmdline")
    return any(PROGRAM in text for text in map(_read, files))


def _read(file: Path) -> str:
    try:
        return file.read_bytes().decode(errors="replace")
    except OSError:
        return ""


def main() -> int:
    """Wait, read, report."""
    options = dict(zip(sys.argv[1::2], sys.argv[2::2], strict=True))
    wanted, file = options["-m"].split(";"), Path(options["-path"])
    until = time.monotonic() + START_S
    while runs() or (not file.exists() and time.monotonic() < until):
        time.sleep(0.2)
    for line in file.read_text().splitlines():
        push_to_katib(
            {name: float(value) for name, value in METRIC.findall(line) if name in wanted}
        )
    print(f"{os.environ['KATIB_TRIAL_NAME']}: all of {file} is reported to {options['-s']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
