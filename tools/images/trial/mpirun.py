#!/opt/venv/bin/python
"""Stands in for Open MPI's mpirun in the launcher of an MPIJob, where installing it would cost 50 MB.

Like the real one it starts one program for each rank on the hosts of the operator's list, through the
operator's own remote shell (`kubectl exec` into the workers), passes on what they print and fails when one
of them does. The ranks do not talk to each other.
"""

import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

HOSTS, SHELL = "OMPI_MCA_orte_default_hostfile", "OMPI_MCA_plm_rsh_agent"
"""Variables by which the operator tells where its list and its remote shell are."""
TAKES = {"-np": 1, "-bind-to": 1, "-map-by": 1, "-x": 1, "-mca": 2}
"""How many words follow an option."""
START_S = 120


def read(arguments: list[str]) -> tuple[int, list[str]]:
    """How many ranks, and the program with its arguments."""
    ranks, at = 1, 0
    while arguments[at].startswith("-"):
        if arguments[at] == "-np":
            ranks = int(arguments[at + 1])
        at += 1 + TAKES.get(arguments[at], 0)
    return ranks, arguments[at:]


def wait(shell: str, host: str) -> None:
    """Wait until a worker's container runs, as the init container of Kubeflow's launcher once did."""
    until = time.monotonic() + START_S
    while subprocess.run([shell, host, "true"], check=False).returncode:
        if time.monotonic() > until:
            sys.exit(f"mpirun: {host} does not answer")
        time.sleep(1)


def main() -> int:
    """Run all ranks to their end."""
    ranks, program = read(sys.argv[1:])
    lines = Path(os.environ[HOSTS]).read_text().split("\n")
    hosts = [line.split()[0] for line in lines if line.strip()]
    shell = os.environ[SHELL]
    for host in hosts:
        wait(shell, host)
    running = [
        subprocess.Popen(
            [shell, hosts[rank % len(hosts)], f"OMPI_COMM_WORLD_RANK={rank} {shlex.join(program)}"]
        )
        for rank in range(ranks)
    ]
    return max(abs(one.wait()) for one in running)


if __name__ == "__main__":
    sys.exit(main())
