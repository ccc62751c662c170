"""Train one linear classifier in several processes at once, each on its own part of the digits.

The operator of a PyTorchJob tells every replica who it is (`RANK`, `WORLD_SIZE`) and where rank 0 is
(`MASTER_ADDR`, `MASTER_PORT`); munshi tells the same. With PyTorch installed `init_process_group`
reads them. Here some lines of sockets do its work, so that the example needs NumPy and scikit-learn
only: after each step the replicas average their gradients, so all take the same step, and rank 0 says
how well the classifier does. By hand there is one replica, and nobody to ask:

    python examples/replicas/train.py --learning-rate=1 --momentum=0.9
"""

import argparse
import os
import socket
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")  # replicas run side by side: one core for each
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

RANK, SIZE = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
PATIENCE_S = 60


def arguments() -> argparse.Namespace:
    """Read the settings; without any, the program runs with its defaults."""
    parser = argparse.ArgumentParser(description="Recognise handwritten digits, together.")
    parser.add_argument("--learning-rate", type=float, default=1.0, help="step of the descent")
    parser.add_argument("--momentum", type=float, default=0.9, help="how much of a step goes on")
    parser.add_argument("--steps", type=int, default=200, help="steps of the descent")
    return parser.parse_args()


def main() -> None:
    """Train on this replica's share, in step with the others."""
    settings = arguments()
    images, labels = load_digits(return_X_y=True)
    seen, unseen, seen_labels, unseen_labels = train_test_split(
        images / 16, labels, test_size=0.5, random_state=0, stratify=labels
    )
    mine, mine_labels = seen[RANK::SIZE], seen_labels[RANK::SIZE]
    lines = meet()
    print(f"rank {RANK} of {SIZE} has {len(mine)} images", flush=True)
    weights, speed = np.zeros((64, 10)), np.zeros((64, 10))
    for step in range(1, settings.steps + 1):
        gradient = average(lines, gradient_of(weights, mine, mine_labels))
        speed = settings.momentum * speed - settings.learning_rate * gradient
        weights = weights + speed
        if RANK == 0 and step % 10 == 0:
            accuracy = np.mean((unseen @ weights).argmax(axis=1) == unseen_labels)
            print(f"step={step} accuracy={accuracy:.4f}", flush=True)


def gradient_of(weights: np.ndarray, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """How the mean cross entropy of these images changes with the weights, (64, 10) like them."""
    scores = images @ weights
    chances = np.exp(scores - scores.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    chances[np.arange(len(labels)), labels] -= 1
    return images.T @ chances / len(labels)


def meet() -> list[socket.socket]:
    """Lines from rank 0 to every other replica; from each of the others, one line to rank 0."""
    if SIZE == 1:
        return []
    where = (os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]))
    if RANK == 0:
        with socket.create_server(where) as door:
            door.settimeout(PATIENCE_S)
            return [door.accept()[0] for _ in range(SIZE - 1)]
    for _ in range(PATIENCE_S * 20):  # rank 0 may not be there yet
        try:
            return [socket.create_connection(where, timeout=PATIENCE_S)]
        except ConnectionRefusedError:
            time.sleep(0.05)
    raise SystemExit(f"rank 0 does not answer at {where}")


def average(lines: list[socket.socket], mine: np.ndarray) -> np.ndarray:
    """The mean of this array over all replicas, to each of them the same."""
    if RANK == 0:
        mean = (mine + sum(receive(line, mine) for line in lines)) / SIZE
        for line in lines:
            line.sendall(mean.tobytes())
        return mean
    lines[0].sendall(mine.tobytes())
    return receive(lines[0], mine)


def receive(line: socket.socket, like: np.ndarray) -> np.ndarray:
    """An array of that shape from the other end."""
    data = bytearray()
    while len(data) < like.nbytes:
        part = line.recv(like.nbytes - len(data))
        if not part:
            raise SystemExit("another replica has gone")
        data += part
    return np.frombuffer(data).reshape(like.shape)


if __name__ == "__main__":
    main()
