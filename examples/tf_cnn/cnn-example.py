"""손글씨 숫자를 읽는 작은 합성곱 신경망(CNN).

튜토리얼의 두 번째 실험, "내가 만든 CNN을 튜닝하기"의 프로그램입니다. munshi를 전혀 모릅니다.
설정은 인자로 받고, 결과는 텐서플로 이벤트 파일로 남깁니다. 남길 곳 /train 은 코드에 적혀 있습니다.
munshi가 시도(trial)마다 /train 을 따로 마련하므로, 여럿이 동시에 돌아도 섞이지 않습니다.

    태그 accuracy        처음 보는 숫자를 맞힌 비율 (0 ~ 1)
    태그 cross_entropy   같은 숫자에 대한 손실

(In English: a small CNN on 8×8 digits. It takes Korean text as an argument, prints Korean, and
writes its events to the hard-coded folder /train; munshi gives every trial a /train of its own.)
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # 시작 메시지를 줄입니다
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # 결과가 늘 같도록

import tensorflow as tf
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

LOG_DIR = "/train"
SEED = 2019
CLASSES = 10
TRAINING_IMAGES = 500  # 천 번을 반복해도 몇 초면 끝나도록 조금만 배웁니다
EPOCHS_BETWEEN_REPORTS = 10
MOMENTUM = 0.9


def arguments() -> argparse.Namespace:
    """명령줄 인자를 읽습니다. 아무것도 주지 않으면 기본값으로 돕니다."""
    parser = argparse.ArgumentParser(description="손글씨 숫자를 읽는 CNN")
    parser.add_argument("--learning_rate", type=float, default=0.02, help="학습률")
    parser.add_argument("--num_epoch", type=int, default=300, help="전체 훈련 데이터를 볼 횟수")
    parser.add_argument("--title", default="CNN 예제", help="화면에 보여 줄 제목")
    return parser.parse_args()


class DigitReader(tf.Module):
    """합성곱 층 하나와 완전 연결 층 하나: 8×8 그림 → 숫자 10개의 점수."""

    def __init__(self, filters: int = 8) -> None:
        super().__init__()
        start = tf.random_normal_initializer(stddev=0.1, seed=SEED)
        self.kernel = tf.Variable(start([3, 3, 1, filters]))
        self.kernel_bias = tf.Variable(tf.zeros([filters]))
        self.weights = tf.Variable(start([4 * 4 * filters, CLASSES]))
        self.bias = tf.Variable(tf.zeros([CLASSES]))

    def __call__(self, images: tf.Tensor) -> tf.Tensor:
        """그림 [n, 8, 8, 1]에 대한 점수 [n, 10]."""
        found = tf.nn.relu(tf.nn.conv2d(images, self.kernel, 1, "SAME") + self.kernel_bias)
        pooled = tf.nn.max_pool2d(found, 2, 2, "VALID")  # 8×8 → 4×4
        return tf.matmul(tf.reshape(pooled, [-1, self.weights.shape[0]]), self.weights) + self.bias


def loss_of(scores: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """점수와 정답 사이의 교차 엔트로피."""
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, scores))


def record(tag: str, value: tf.Tensor, step: int) -> None:
    """값 하나를 이벤트 파일에 적습니다.

    tf.summary.scalar 와 같은 모양이지만, 텐서보드가 설치되어 있지 않아도 됩니다.
    """
    metadata = tf.compat.v1.SummaryMetadata()
    metadata.plugin_data.plugin_name = "scalars"
    tf.summary.write(tag, value, step=step, metadata=metadata)


def main() -> None:
    """학습하면서 열 번마다 처음 보는 숫자로 시험하고 그 결과를 남깁니다."""
    settings = arguments()
    # 시도 여럿이 나란히 돌므로 코어는 하나씩만 씁니다.
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.random.set_seed(SEED)

    images, labels = load_digits(return_X_y=True)
    images = (images / 16).reshape(-1, 8, 8, 1).astype("float32")
    seen, unseen, seen_labels, unseen_labels = train_test_split(
        images, labels, train_size=TRAINING_IMAGES, random_state=SEED, stratify=labels
    )
    seen, seen_labels = tf.constant(seen), tf.constant(seen_labels)
    unseen, unseen_labels = tf.constant(unseen), tf.constant(unseen_labels)

    reader = DigitReader()
    speeds = [tf.Variable(tf.zeros_like(v)) for v in reader.trainable_variables]

    @tf.function
    def learn(epochs: tf.Tensor) -> None:
        """훈련 데이터 전체를 `epochs`번 봅니다 (모멘텀 경사 하강법)."""
        for _ in tf.range(epochs):
            with tf.GradientTape() as tape:
                loss = loss_of(reader(seen), seen_labels)
            slopes = tape.gradient(loss, reader.trainable_variables)
            for variable, speed, slope in zip(
                reader.trainable_variables, speeds, slopes, strict=True
            ):
                speed.assign(MOMENTUM * speed + slope)
                variable.assign_sub(settings.learning_rate * speed)

    @tf.function
    def examine() -> tuple[tf.Tensor, tf.Tensor]:
        """처음 보는 숫자에 대한 정확도와 손실."""
        scores = reader(unseen)
        right = tf.equal(tf.argmax(scores, axis=1), unseen_labels)
        return tf.reduce_mean(tf.cast(right, tf.float32)), loss_of(scores, unseen_labels)

    print(f"[{settings.title}] 학습을 시작합니다", flush=True)
    print(f"학습률 {settings.learning_rate}, 반복 {settings.num_epoch}번", flush=True)
    writer = tf.summary.create_file_writer(LOG_DIR)
    done = 0
    accuracy = tf.constant(0.0)
    with writer.as_default():
        while done < settings.num_epoch:
            epochs = min(EPOCHS_BETWEEN_REPORTS, settings.num_epoch - done)
            learn(tf.constant(epochs))
            done += epochs
            accuracy, loss = examine()
            record("accuracy", accuracy, done)
            record("cross_entropy", loss, done)
            writer.flush()
            print(f"{done}번째 반복: 정확도 {accuracy:.4f}, 손실 {loss:.4f}", flush=True)
    print(f"[{settings.title}] 끝났습니다. 마지막 정확도는 {accuracy:.4f}입니다", flush=True)


if __name__ == "__main__":
    main()
