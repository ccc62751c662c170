"""`python tools/cluster WORD`: what `make cluster` and the tests call."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path[0] = str(
    Path(__file__).resolve().parents[2]
)  # the clone: this file is run by its folder's name

from tools.cluster import binaries, packages, running, sweep, up  # noqa: E402 - found by the line above
from tools.cluster.place import DEFAULT, ClusterError, Place  # noqa: E402 - as above
from tools.images import recipes  # noqa: E402 - as above


def main() -> int:
    """Do one thing to a cluster; 0 if it worked."""
    parser = argparse.ArgumentParser(
        prog="tools/cluster", description="A real one-node Kubernetes for the tests."
    )
    parser.add_argument(
        "--state", type=Path, default=DEFAULT.state, help="the cluster's folder (%(default)s)"
    )
    words = parser.add_subparsers(dest="word", required=True)
    words.add_parser("up", help="start it, unless it runs")
    words.add_parser("down", help="end it, and take away everything it had")
    words.add_parser("status", help="say whether it runs; 1 if it does not")
    words.add_parser("possible", help="say why this machine cannot hold one; nothing if it can")
    words.add_parser("build", help="build its programs and images, and start nothing")
    words.add_parser("kubectl", help="print where the kubectl is that was built with it")
    for word, meaning in (
        ("stop", "kill a part as a crash would"),
        ("start", "start a part that was stopped"),
        ("restart", "kill a part and start it again"),
    ):
        words.add_parser(word, help=meaning).add_argument("part")
    asked = parser.parse_args()
    try:
        return _do(asked.word, Place(asked.state.resolve()), getattr(asked, "part", ""))
    except ClusterError as error:
        print(error, file=sys.stderr)
        return 1


def _do(word: str, place: Place, part: str) -> int:
    match word:
        case "up":
            up.up(place)
        case "down":
            sweep.end(place)
        case "status":
            well = running.is_well(place)
            print(
                f"The cluster runs; its kubeconfig is {place.kubeconfig}"
                if well
                else "No cluster runs."
            )
            return 0 if well else 1
        case "possible":
            if reason := packages.why_not():
                print(reason)
        case "build":
            packages.install()
            recipes.build(binaries.ready())
        case "kubectl":
            print(binaries.ready()["kubectl"])
        case "stop" | "restart" | "start":
            cluster = running.found(place)
            if word != "start":
                cluster.stop(part)
            if word != "stop":
                cluster.start(part)
    return 0


if __name__ == "__main__":
    sys.exit(main())
