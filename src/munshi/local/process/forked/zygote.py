"""The fork server: one warm, tiny Python that forks a supervisor for each trial.

Started once by the engine's `Spawner`, asked over a socket pair, one JSON object a line:
`{"id": 7, "folder": "/…"}`. The answer comes from the supervisor itself as soon as it has claimed the
folder: `{"id": 7, "identity": {…}}`, `{"id": 7, "taken": true}` or `{"id": 7, "error": "…"}`. Starting
an interpreter per trial would cost 10 to 30 ms; a fork costs one. It has a single thread, waits for
nobody and keeps no list: its children are reaped by the kernel and outlive it. It goes when the
engine's end of the socket closes, which the kernel does even for an engine that was killed.
"""
# pathlib is not loaded in the fork server:
# ruff: noqa: PTH112

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import sys

from . import cores, mounts, supervisor


def main(arguments: list[str]) -> None:
    """Serve requests from the inherited socket, or answer one probe.

    Args:
        arguments: `serve FD`, or `probe FOLDER` to try a private view once and print the outcome.
    """
    task, argument = arguments
    if task == "probe":
        _probe(argument)
    else:
        _serve(int(argument))


def _probe(folder: str) -> None:
    name = f"/munshi-probe-{os.getpid()}"
    try:
        mounts.enter([{"source": folder, "target": f"{name}/a", "read_only": False}], folder)
        why = "" if os.path.isdir(f"{name}/a") else "the bind did not appear"
    except mounts.CannotStart as error:
        why = str(error)
    sys.stdout.write(json.dumps(why))


def _serve(fd: int) -> None:
    door = socket.socket(fileno=fd)
    door.set_inheritable(False)
    _settle()
    door.sendall(b'{"ready": true}\n')
    pending = b""
    while chunk := door.recv(65536):
        *lines, pending = (pending + chunk).split(b"\n")
        for line in lines:
            _fork_for(door, json.loads(line))


def _settle() -> None:
    """Hold nothing that a supervisor or program should not inherit."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # supervisors vanish without being waited for
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    os.chdir("/")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    if nowhere > 2:
        os.close(nowhere)
    supervisor.warm_up()
    cores.share()
    gc.disable()  # a collection would touch, and so copy, every page after each fork
    gc.freeze()


def _fork_for(door: socket.socket, ask: supervisor.Ask) -> None:
    try:
        pid = os.fork()
    except OSError as error:
        supervisor.answer(door, {"id": ask["id"], "error": f"cannot fork: {error.strerror}"})
        return
    if pid == 0:
        try:
            supervisor.supervise(door, ask)
        finally:
            os._exit(0)
