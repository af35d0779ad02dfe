"""Training speed of this machine, measured on a few steps before a long run."""

import time
from collections.abc import Callable

import keras
import numpy as np

from ser_fop.config.settings import ClassifierSettings, ModelConfig
from ser_fop.losses import FramePredictionLoss
from ser_fop.models.attention_lstm import AttentionLSTM
from ser_fop.models.backbone import Backbone
from ser_fop.models.frame_predictor import FramePredictor
from ser_fop.training.classification import compile_classifier
from ser_fop.training.setup import jit_compile, precision

_STEPS = 2
# Duration of an epoch relative to its training steps: adds validation, input and padding.
_OVERHEAD = 1.25


def measure_rates(
    model: ModelConfig,
    classifiers: ClassifierSettings,
    *,
    mels: int,
    frames: int,
    batch_size: int,
    computing: str = "float32",
) -> dict[str, float]:
    """Measure the training speed in useful (not padded) frames per second.

    Args:
        model: Size of the transformer.
        classifiers: Size of the attention LSTM.
        mels: Number of mel bands.
        frames: Typical length of an utterance, in frames.
        batch_size: Typical number of utterances in a batch.
        computing: Precision of the transformer, `float32` or `bfloat16`.

    Returns:
        Frames per second of `transformer` and of `lstm`.
    """
    generator = np.random.default_rng(0)
    mel = generator.normal(size=(batch_size, frames, mels)).astype(np.float32)
    inputs = {"mel": mel, "mask": np.ones(mel.shape[:2], bool)}
    with precision(computing):
        predictor = FramePredictor(model, mels)
    predictor.compile(keras.optimizers.Adam(), FramePredictionLoss("l1", np.ones(mels)), jit_compile=jit_compile())
    predictor.optimizer.build(predictor.trainable_variables)
    weight = np.ones(mel.shape[:2], np.float32)
    lstm = AttentionLSTM(Backbone(model, mels), 2, feature="h_concat", units=classifiers.lstm_units)
    compile_classifier(lstm, optimizer=keras.optimizers.Adam())
    lstm.optimizer.build(lstm.trainable_variables)
    classes = np.zeros(batch_size, np.int32)
    steps = {
        "transformer": lambda: predictor.train_on_batch(inputs, mel, weight),
        "lstm": lambda: lstm.train_on_batch(inputs, classes),
    }
    rates = {kind: mel.shape[0] * mel.shape[1] / (_OVERHEAD * _seconds(step)) for kind, step in steps.items()}
    keras.backend.clear_session()
    return rates


def _seconds(step: Callable[[], object]) -> float:
    """Return the median duration of a step in seconds, without compilation."""
    step()
    times = []
    for _ in range(_STEPS):
        started = time.perf_counter()
        step()
        times.append(time.perf_counter() - started)
    return float(np.median(times))
