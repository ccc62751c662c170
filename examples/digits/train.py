"""Train a small neural network on scikit-learn's 8×8 handwritten digits.

The program knows nothing of munshi. It does the two things any tuned program does: it takes its
settings as arguments, and it prints its results as `name=value`. Run it by hand and you see what
munshi will read:

    python examples/digits/train.py --learning-rate=0.01 --hidden=32 --activation=tanh
"""

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # trials run side by side: one core for each
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier


def arguments() -> argparse.Namespace:
    """Read the settings; without any, the program runs with its defaults."""
    parser = argparse.ArgumentParser(description="Recognise handwritten digits.")
    parser.add_argument("--learning-rate", type=float, default=0.001, help="step of the Adam rule")
    parser.add_argument("--hidden", type=int, default=32, help="neurons in the hidden layer")
    parser.add_argument("--activation", choices=["relu", "tanh", "logistic"], default="relu")
    parser.add_argument("--epochs", type=int, default=25, help="passes over the training images")
    return parser.parse_args()


def main() -> None:
    """Train for some epochs and say after each how well unseen digits are read."""
    settings = arguments()
    images, labels = load_digits(return_X_y=True)
    seen, unseen, seen_labels, unseen_labels = train_test_split(
        images / 16, labels, test_size=0.5, random_state=0, stratify=labels
    )
    network = MLPClassifier(
        hidden_layer_sizes=(settings.hidden,),
        activation=settings.activation,
        learning_rate_init=settings.learning_rate,
        batch_size=64,
        random_state=0,  # the same settings always give the same numbers
    )
    for epoch in range(1, settings.epochs + 1):
        network.partial_fit(seen, seen_labels, classes=np.arange(10))
        chances = network.predict_proba(unseen)
        accuracy = accuracy_score(unseen_labels, chances.argmax(axis=1))
        loss = log_loss(unseen_labels, chances)
        # flush: show the line now, not when the program ends, so that the curve grows meanwhile.
        print(f"epoch={epoch} accuracy={accuracy:.4f} loss={loss:.4f}", flush=True)


if __name__ == "__main__":
    main()
