"""Train a linear classifier on scikit-learn's 8×8 digits, and report by a call instead of by printing.

What the program prints is for people and may look as it likes; munshi hears of a result through
`munshi.report_metrics`. Outside of a trial the call says once that nobody listens, and the program
runs all the same:

    python examples/push/train.py --learning-rate=0.01 --penalty=0.0001
"""

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # trials run side by side: one core for each
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split

import munshi


def arguments() -> argparse.Namespace:
    """Read the settings; without any, the program runs with its defaults."""
    parser = argparse.ArgumentParser(description="Recognise handwritten digits, linearly.")
    parser.add_argument("--learning-rate", type=float, default=0.01, help="step of the descent")
    parser.add_argument("--penalty", type=float, default=0.0001, help="how much large weights cost")
    parser.add_argument("--epochs", type=int, default=20, help="passes over the training images")
    return parser.parse_args()


def main() -> None:
    """Train for some epochs and report after each how well unseen digits are read."""
    settings = arguments()
    images, labels = load_digits(return_X_y=True)
    seen, unseen, seen_labels, unseen_labels = train_test_split(
        images / 16, labels, test_size=0.5, random_state=0, stratify=labels
    )
    classifier = SGDClassifier(
        loss="log_loss",
        learning_rate="constant",
        eta0=settings.learning_rate,
        alpha=settings.penalty,
        random_state=0,  # the same settings always give the same numbers
    )
    for epoch in range(1, settings.epochs + 1):
        classifier.partial_fit(seen, seen_labels, classes=np.arange(10))
        chances = classifier.predict_proba(unseen)
        accuracy = accuracy_score(unseen_labels, chances.argmax(axis=1))
        loss = log_loss(unseen_labels, chances)
        munshi.report_metrics({"accuracy": accuracy, "loss": loss}, step=epoch)
        print(f"epoch {epoch:2}: {accuracy:.1%} of the unseen digits are read correctly")


if __name__ == "__main__":
    main()
