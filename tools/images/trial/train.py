"""A program to be tuned, for tests: small, quick, and it does what the test asks of it.

It takes any `--name=value` or `--name value`, as Katib's example programs between them do, and reports
accuracy and loss of a training that did not happen: they depend only on the learning rate (best at 0.03) and
the step, so a test knows what to expect. Some names change what it does:

    --lr, --learning-rate    the learning rate (0.01)
    --steps=N                how often it reports (3)
    --pause=S                seconds of sleep before each report (0)
    --fail=CODE              end with this exit code after the last report
    --file=PATH              write the reports to a file instead; as JSON lines if it ends in .json
    --log-path=PATH          write them as Katib's example programs do: into a folder as event files, into a
                             file as lines of Katib's, with --logger=hypertune as JSON lines
    --push=munshi            report by `munshi.report_metrics` instead of printing
    --push=katib             report by Katib's gRPC at katib-db-manager.kubeflow:6789 instead
    --push=katib-sdk         the same through the real SDK, in the image munshi/katib-trial only
    --touch=PATH             make an empty file before anything else
    --say=TEXT               print a line before anything else
    --stubborn               do not end when told to

Of the ranks of an MPI program only the first one reports.
"""

import itertools
import json
import os
import signal
import struct
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

DB_MANAGER = "katib-db-manager.kubeflow:6789"


def wishes(arguments: list[str]) -> dict[str, str]:
    """Every `--name=value` or `--name value`; `--name` alone is "yes", and what is neither is left alone."""
    wish = {}
    for one, after in itertools.pairwise([*arguments, "--"]):
        if one.startswith("--"):
            name, equals, value = one.removeprefix("--").partition("=")
            wish[name] = value if equals else "yes" if after.startswith("--") else after
    return wish


def results(rate: float, step: int, steps: int) -> dict[str, float]:
    """The accuracy and loss of a step; the last step's accuracy is 1 at the best learning rate."""
    reached = max(0.0, 1 - abs(rate - 0.03) * 10) * step / steps
    return {"accuracy": round(reached, 6), "loss": round(1 - reached, 6)}


def report(wish: dict[str, str], values: dict[str, float], step: int) -> None:
    """Say what was reached, in the way that was asked for."""
    if os.environ.get("OMPI_COMM_WORLD_RANK", "0") != "0":
        return
    if "log-path" in wish:
        log(Path(wish["log-path"]), values, step)
    elif wish.get("push") == "munshi":
        import munshi  # noqa: PLC0415 - only where it is asked for

        munshi.report_metrics(values, step=step)
    elif wish.get("push") == "katib":
        push_to_katib(values)
    elif wish.get("push") == "katib-sdk":
        import kubeflow.katib  # noqa: PLC0415 - only where it is asked for

        kubeflow.katib.report_metrics(values)
    elif "file" in wish:
        path = Path(wish["file"])
        path.parent.mkdir(parents=True, exist_ok=True)
        texts = {name: str(value) for name, value in values.items()}
        lines = [json.dumps({**texts, "step": str(step)})]
        if path.suffix != ".json":
            lines = [f"{name}={value}" for name, value in texts.items()]
        with path.open("a") as file:
            file.write("\n".join(lines) + "\n")
    else:
        print(f"epoch {step}:")
        for name, value in values.items():
            print(f"{name}={value}", flush=True)


def log(path: Path, values: dict[str, float], step: int) -> None:
    """Write what was reached as Katib's example programs do."""
    if not path.suffix:
        from munshi.metrics import tfrecord  # noqa: PLC0415 - only where it is asked for

        file, lines = path / "test" / "events.out.tfevents.1", b""
        for name, value in values.items():
            lines += record(event(name, value, step), tfrecord.masked_crc)
    elif path.suffix == ".json":
        file, said = path, {**{name: str(value) for name, value in values.items()}, "trial": "0"}
        lines = json.dumps({"global_step": str(step), **said}).encode() + b"\n"
    else:
        file = path
        pairs = (
            f"{{metricName: {name}, metricValue: {value:.4f}}}" for name, value in values.items()
        )
        lines = ";".join(pairs).encode() + b"\n"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab") as stream:
        stream.write(lines)


def event(tag: str, value: float, step: int) -> bytes:
    """An event of TensorFlow 1 with one scalar."""
    scalar = b"\x0a" + bytes([len(tag)]) + tag.encode() + b"\x15" + struct.pack("<f", value)
    summary = b"\x0a" + bytes([len(scalar)]) + scalar
    now = datetime.now(UTC)  # noqa: TID251 - a program of a user's, not of ours
    when = b"\x09" + struct.pack("<d", now.timestamp()) + b"\x10" + varint(step)
    return when + b"\x2a" + bytes([len(summary)]) + summary


def record(content: bytes, crc: Callable[[bytes], int]) -> bytes:
    """A record of an event file around its content."""
    size = struct.pack("<Q", len(content))
    return size + struct.pack("<I", crc(size)) + content + struct.pack("<I", crc(content))


def push_to_katib(values: dict[str, float]) -> None:
    """Call ReportObservationLog as Katib's SDK does, with messages spelled out by hand."""
    import grpc  # noqa: PLC0415 - only where it is asked for

    def field(number: int, data: bytes) -> bytes:
        return bytes([number << 3 | 2, len(data)]) + data

    now = datetime.now(UTC)  # noqa: TID251 - a program of a user's, not of ours
    stamp = now.strftime("%Y-%m-%dT%H:%M:%S.%fZ").encode()
    logs = b"".join(
        field(
            1, field(1, stamp) + field(2, field(1, name.encode()) + field(2, str(value).encode()))
        )
        for name, value in values.items()
    )
    trial = os.environ.get("KATIB_TRIAL_NAME", "")
    request = field(1, trial.encode()) + b"\x12" + varint(len(logs)) + logs
    with grpc.insecure_channel(DB_MANAGER) as channel:
        call = channel.unary_unary("/api.v1.beta1.DBManager/ReportObservationLog")
        call(request, timeout=30, wait_for_ready=True)


def varint(number: int) -> bytes:
    """A length as protobuf writes it."""
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def main() -> int:
    """Pretend to train."""
    wish = wishes(sys.argv[1:])
    if "stubborn" in wish:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if "say" in wish:
        print(wish["say"], flush=True)
    if "touch" in wish:
        Path(wish["touch"]).touch()
    rate = float(wish.get("lr") or wish.get("learning-rate") or wish.get("learning_rate") or 0.01)
    steps = int(wish.get("steps", 3))
    for step in range(1, steps + 1):
        time.sleep(float(wish.get("pause", 0)))
        report(wish, results(rate, step, steps), step)
    return int(wish.get("fail", 0))


if __name__ == "__main__":
    sys.exit(main())
