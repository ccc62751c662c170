"""Train a digit reader the TensorFlow 1 way, and write its curves as event files.

Katib's tutorials of 2019 tune a program of this name, which lives in an image at /var/tf_mnist.
This one, written anew, stands in for it: the same arguments, the same folders, the same tag. So the
old Experiment runs unchanged, without the image. It reads the 8×8 digits that come with
scikit-learn, so nothing is downloaded.

What a collector of kind TensorFlowEvent finds below --log_dir:

    train/events.out.tfevents.*   tags accuracy_1 and cross_entropy_1, on the images it learns from
    test/events.out.tfevents.*    the same tags, on images it has never seen
"""

import argparse
import os
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before the import: no start-up chatter
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # the same sums in the same order, always

import numpy as np
import tensorflow.compat.v1 as tf
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

SEED = 2019
HIDDEN = 64
STEPS_BETWEEN_REPORTS = 10


def arguments() -> argparse.Namespace:
    """Read the settings; without any, the program runs with its defaults."""
    parser = argparse.ArgumentParser(description="Recognise handwritten digits.")
    parser.add_argument("--max_steps", type=int, default=1000, help="batches to learn from")
    parser.add_argument("--learning_rate", type=float, default=0.02, help="step of descent")
    parser.add_argument("--batch_size", type=int, default=100, help="images per step")
    parser.add_argument(
        "--log_dir",
        type=Path,
        default=Path(tempfile.gettempdir()) / "mnist_with_summaries",
        help="event files go to its sub-folders train and test",
    )
    return parser.parse_args()


def layer(inputs: tf.Tensor, width: int, name: str) -> tf.Tensor:
    """Return `inputs · weights + biases` for a fully connected layer of `width` neurons."""
    with tf.variable_scope(name):
        start = tf.truncated_normal_initializer(stddev=0.1, seed=SEED)
        weights = tf.get_variable("weights", [inputs.shape[1], width], initializer=start)
        biases = tf.get_variable("biases", [width], initializer=tf.zeros_initializer())
        return tf.matmul(inputs, weights) + biases


def main() -> None:
    """Draw the graph, run it step by step, and report every few steps."""
    settings = arguments()
    tf.logging.set_verbosity(tf.logging.ERROR)  # before the next line, which grumbles otherwise
    tf.disable_v2_behavior()
    tf.set_random_seed(SEED)

    images, labels = load_digits(return_X_y=True)
    seen, unseen, seen_labels, unseen_labels = train_test_split(
        images / 16, labels, test_size=0.5, random_state=SEED, stratify=labels
    )

    # The graph: nothing is computed here, only written down.
    x = tf.placeholder(tf.float32, [None, images.shape[1]], name="images")
    y = tf.placeholder(tf.int64, [None], name="labels")
    logits = layer(tf.nn.relu(layer(x, HIDDEN, "hidden")), 10, "output")
    cross_entropy = tf.losses.sparse_softmax_cross_entropy(y, logits)
    accuracy = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, 1), y), tf.float32))
    learn = tf.train.GradientDescentOptimizer(settings.learning_rate).minimize(cross_entropy)
    summaries = tf.summary.merge(
        [
            tf.summary.scalar("accuracy_1", accuracy),
            tf.summary.scalar("cross_entropy_1", cross_entropy),
        ]
    )

    # Trials run side by side: one core for each.
    one_core = tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
    batches = np.random.default_rng(SEED)
    with (
        tf.Session(config=one_core) as session,
        tf.summary.FileWriter(str(settings.log_dir / "train"), session.graph) as train_writer,
        tf.summary.FileWriter(str(settings.log_dir / "test")) as test_writer,
    ):
        session.run(tf.global_variables_initializer())
        for step in range(1, settings.max_steps + 1):
            batch = batches.integers(len(seen), size=settings.batch_size)
            session.run(learn, {x: seen[batch], y: seen_labels[batch]})
            if step % STEPS_BETWEEN_REPORTS == 0:
                train_writer.add_summary(session.run(summaries, {x: seen, y: seen_labels}), step)
                test_feed = {x: unseen, y: unseen_labels}
                summary, got = session.run([summaries, accuracy], test_feed)
                test_writer.add_summary(summary, step)
                train_writer.flush()
                test_writer.flush()
                print(f"Accuracy at step {step}: {got:.4f}", flush=True)


if __name__ == "__main__":
    main()
