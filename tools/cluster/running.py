"""A cluster that runs: its parts started, asked after their health, and stopped."""

from __future__ import annotations

import json
import socket
import ssl
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from tools.cluster import node, parts
from tools.cluster.binaries import Binaries
from tools.cluster.network import Network
from tools.cluster.place import ClusterError, Place

WELL_S = 90
REGISTRY = Path(__file__).with_name("registry.py")


@dataclass(frozen=True, slots=True)
class Running:
    """A cluster whose node has been started, and what is needed to work on it."""

    place: Place
    network: Network
    parts: dict[str, parts.Part]

    def launch(self, *names: str) -> None:
        """Start parts, and wait for nothing."""
        for name in names:
            node.spawn(self.place, self.network, name, list(self.parts[name].words))

    def wait(self, *names: str) -> None:
        """Wait until parts are well.

        Raises:
            ClusterError: One is not, or has ended.
        """
        end = time.monotonic() + WELL_S
        for name in names:
            while not self.is_well(name):
                if not self.processes(name):
                    message = f"{name} has ended. {self.place.tail(name)}"
                    raise ClusterError(message)
                if time.monotonic() > end:
                    message = f"{name} is not well after {WELL_S} s. {self.place.tail(name)}"
                    raise ClusterError(message)
                time.sleep(0.1)

    def is_well(self, name: str) -> bool:
        """Whether a part says that it is."""
        health = self.parts[name].health
        if not health:
            return bool(self.processes(name))
        return _accepts(self.place, health) if health.startswith("/") else _answers(health)

    def processes(self, name: str) -> list[node.Process]:
        """The process of a part, without what it has started; none if it has ended."""
        program = self.parts[name].program
        return [one for one in node.of(self.place) if (one.part, one.program) == (name, program)]

    def start(self, name: str) -> None:
        """Start a part that was stopped, and wait until it is well."""
        self._must_know(name)
        if not self.processes(name):
            self.launch(name)
        self.wait(name)

    def stop(self, name: str) -> None:
        """Kill a part as a crash would, without warning."""
        self._must_know(name)
        node.kill(lambda: self.processes(name))

    def _must_know(self, name: str) -> None:
        if name not in self.parts:
            message = f"There is no part {name!r}; there are {', '.join(self.parts)}."
            raise ClusterError(message)


def prepared(place: Place, network: Network, binaries: Binaries, images: Path) -> Running:
    """The cluster of a node that was just started; its parts' settings are written, and noted for `found`."""
    host, port = network.node, network.registry.rpartition(":")[2]
    registry = (sys.executable, str(REGISTRY), host, port, str(images))
    running = Running(place, network, parts.all_parts(binaries, network, registry))
    parts.write_settings(place, running.parts)
    note = {name: [part.words, part.health] for name, part in running.parts.items()}
    (place.state / "parts.json").write_text(json.dumps(note, indent=2))
    return running


def found(place: Place) -> Running:
    """The cluster that runs in this place, as it was started, whatever the clone says now.

    Raises:
        ClusterError: None does.
    """
    numbers = {one.number for one in node.of(place) if one.is_first}
    note = place.state / "parts.json"
    if not numbers or not note.exists():
        message = f"No cluster runs in {place.state}; start it: make cluster"
        raise ClusterError(message)
    known = {
        name: parts.Part(name, tuple(words), health, {})
        for name, (words, health) in json.loads(note.read_text()).items()
    }
    return Running(place, Network(numbers.pop()), known)


def is_well(place: Place) -> bool:
    """Whether a cluster runs here with all its parts."""
    try:
        running = found(place)
    except ClusterError:
        return False
    return (place.state / "ready").exists() and all(map(running.is_well, running.parts))


def _accepts(place: Place, socket_path: str) -> bool:
    """Whether somebody listens on a socket of the node."""
    first = next((one.pid for one in node.of(place) if one.is_first), 0)
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(f"/proc/{first}/root{socket_path}") == 0


def _answers(url: str) -> bool:
    """Whether a URL answers 200. It asks past all proxies and certificates, and tells nothing."""
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trusting)
    )
    try:
        with opener.open(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
