"""Inference model: a network, its front end and an optional scikit-learn head."""

import functools
from typing import Any

import keras
import tensorflow as tf

from ser_fop.inference.front_end import batch_of_mels, only_real
from ser_fop.inference.heads import Head
from ser_fop.inference.outputs import (
    ANSWER,
    DOUBTS,
    LABELS,
    LOW_CONFIDENCE,
    POOLED_PREFIX,
    PREDICTION,
    REASON,
    REFUSAL,
    REFUSALS,
    SCORES,
    TOO_SHORT,
    UNSURE,
)
from ser_fop.inference.signal_checks import doubts_as_text, doubts_of, refusal_of, with_reason
from ser_fop.inference.wav_decoding import decode_wav
from ser_fop.layers.masked_pooling import MaskedPooling
from ser_fop.models.hypercolumns import hypercolumns
from ser_fop.models.network_spec import FRAME_AUTOENCODER, FRAME_PREDICTOR, NetworkSpec

_LEAST_PROBABILITY = 1e-7
# The functions have no Python control flow over tensors: conversion by AutoGraph would only take time.
_graph = functools.partial(tf.function, autograph=False)


class InferenceModel:
    """Model that maps waveforms or log-mels to classes, such as emotions. Batch size and length are variable.

    Each function takes a padded batch and the length of each utterance. The padding has no effect on the result.

    Args:
        network: A classifier. With `head`, any network with a backbone.
        spec: Config of the network: the front end, the classes in order (none for a pretrained network), and the
            feature that `head` uses.
        head: Classifier of scikit-learn on that feature, pooled over time. Its classes are those of `spec`.
    """

    def __init__(self, network: keras.Model, spec: NetworkSpec, *, head: Head | None = None) -> None:
        self.spec = spec
        self.network = network
        self.labels = spec.labels
        self.head = head
        backbone = network.backbone
        inputs = backbone.inputs_by_name()
        frames = hypercolumns(backbone)
        # The weights of attentive pooling exist only for the feature that fine-tuning used.
        pool = MaskedPooling("mean_std" if spec.pooling == "mean_std" else "mean", dtype="float32")
        mask = backbone.step_mask(inputs["mask"])
        pooled = {POOLED_PREFIX + name: pool(frames[name], mask=mask) for name in frames}
        self._hypercolumns = keras.Model(inputs, {**frames, **pooled})
        self._head_features = keras.Model(inputs, pooled[POOLED_PREFIX + spec.feature]) if head else None
        sound = [tf.TensorSpec([None, None], tf.float32, "waveform"), tf.TensorSpec([None], tf.int32, "length")]
        mels = [
            tf.TensorSpec([None, None, spec.features.width], tf.float32, "mel"),
            tf.TensorSpec([None], tf.int32, "length"),
        ]
        self.from_waveform = _graph(self._from_waveform, input_signature=sound)
        self.from_mel = _graph(self._from_mel, input_signature=mels)
        self.from_wav = _graph(self._from_wav, input_signature=[tf.TensorSpec([None], tf.string, "wav")])
        self.hypercolumns_of_mel = _graph(self._hypercolumns_of_mel, input_signature=mels)
        self.frames_of_mel = _graph(self._frames_of_mel, input_signature=mels)
        self.hypercolumns_of_waveform = _graph(self._hypercolumns_of_waveform, input_signature=sound)

    @property
    def gives_frames(self) -> bool:
        """Whether the network predicts or reconstructs log-mel frames."""
        return self.spec.kind in (FRAME_PREDICTOR, FRAME_AUTOENCODER)

    def compute_mels(self, waveform: tf.Tensor, length: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Compute the log-mels of waveforms.

        Args:
            waveform: Samples of shape (batch, samples).
            length: Number of samples of each waveform, of shape (batch,).

        Returns:
            Log-mels of shape (batch, frames, mels), and the number of frames of each utterance, of shape (batch,).
        """
        return batch_of_mels(waveform, length, features=self.spec.features, trim_below_db=self.spec.trim_below_db)

    def class_scores(self, mel: tf.Tensor, length: tf.Tensor) -> dict[str, tf.Tensor]:
        """Compute the class probabilities of log-mels.

        Args:
            mel: Log-mels of shape (batch, frames, mels).
            length: Number of frames of each utterance, of shape (batch,).

        Returns:
            `scores` of shape (batch, classes), and `answer` of shape (batch,), the index of the class. A network
            without classes returns its hypercolumns instead.
        """
        inputs = _inputs(mel, length)
        if not self.labels:
            return self._hypercolumns(inputs, training=False)
        if self.head is None:
            scores = tf.nn.softmax(self._scaled(self.network(inputs, training=False)))
            return {SCORES: scores, ANSWER: tf.argmax(scores, axis=1)}
        scores, answer = self.head(self._head_features(inputs, training=False))
        if self.spec.temperature == 1.0 and not self.spec.class_bias:
            return {SCORES: scores, ANSWER: answer}
        scores = tf.nn.softmax(self._scaled(tf.math.log(tf.maximum(scores, _LEAST_PROBABILITY))))
        return {SCORES: scores, ANSWER: tf.argmax(scores, axis=1) if self.spec.class_bias else answer}

    def _scaled(self, logits: tf.Tensor) -> tf.Tensor:
        """Return the calibrated logits, (batch, classes)."""
        bias = self.spec.class_bias
        scaled = logits / self.spec.temperature
        return scaled + tf.constant(bias, tf.float32) if bias else scaled

    def numbers_of_waveform(self, waveform: tf.Tensor, length: tf.Tensor) -> dict[str, tf.Tensor]:
        """Compute the outputs of waveforms for a runtime without strings, before thresholds.

        Args:
            waveform: Samples of shape (batch, samples).
            length: Number of samples of each waveform, of shape (batch,).

        Returns:
            `scores` and `answer` of `class_scores`, `refusal`, (batch,) int32, and `doubts`, (batch, doubts) bool.
        """
        mel, frames = self.compute_mels(waveform, length)
        refusal = tf.where(frames > 0, refusal_of(waveform, length), REFUSALS.index(TOO_SHORT))
        doubts = doubts_of(only_real(waveform, length), length, sample_rate_hz=self.spec.features.sample_rate_hz)
        return {**self.class_scores(mel, frames), REFUSAL: refusal, DOUBTS: doubts}

    def _from_waveform(self, waveform: tf.Tensor, length: tf.Tensor) -> dict[str, tf.Tensor]:
        numbers = self.numbers_of_waveform(waveform, length)
        outputs = self._named(numbers, numbers[REFUSAL])
        doubts = tf.where(outputs[self.spec.target] == "", "", doubts_as_text(numbers[DOUBTS]))
        return {**outputs, REASON: with_reason(outputs[REASON], doubts)}

    def _hypercolumns_of_waveform(self, waveform: tf.Tensor, length: tf.Tensor) -> dict[str, tf.Tensor]:
        return self._hypercolumns_of_mel(*self.compute_mels(waveform, length))

    def _from_mel(self, mel: tf.Tensor, length: tf.Tensor) -> dict[str, tf.Tensor]:
        refusal = tf.where(length > 0, 0, REFUSALS.index(TOO_SHORT))
        return self._named(self.class_scores(mel, length), refusal)

    def _named(self, numbers: dict[str, tf.Tensor], refusal: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return scores, labels, answer and reason. If refused, the scores are 0 and the answer is an empty string."""
        names = tf.constant(self.labels)
        has_answer = refusal == 0
        is_sure = tf.reduce_max(numbers[SCORES], axis=1) >= self.spec.confidence_threshold
        answer = tf.where(is_sure, tf.gather(names, numbers[ANSWER]), UNSURE)
        return {
            SCORES: tf.where(has_answer[:, tf.newaxis], numbers[SCORES], 0.0),
            LABELS: tf.tile(names[tf.newaxis], [tf.shape(numbers[SCORES])[0], 1]),
            self.spec.target: tf.where(has_answer, answer, ""),
            REASON: tf.where(has_answer & ~is_sure, LOW_CONFIDENCE, tf.gather(tf.constant(REFUSALS), refusal)),
        }

    def _hypercolumns_of_mel(self, mel: tf.Tensor, length: tf.Tensor) -> dict[str, tf.Tensor]:
        return self._hypercolumns(_inputs(mel, length), training=False)

    def _frames_of_mel(self, mel: tf.Tensor, length: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return the predicted frames, in log-mel units."""
        return {PREDICTION: self.network(_inputs(mel, length), training=False)}

    def _from_wav(self, wav: tf.Tensor) -> dict[str, tf.Tensor]:
        decode = functools.partial(decode_wav, sample_rate_hz=self.spec.features.sample_rate_hz)
        ragged = tf.map_fn(decode, wav, fn_output_signature=tf.RaggedTensorSpec([None], tf.float32, ragged_rank=0))
        return self._from_waveform(ragged.to_tensor(), tf.cast(ragged.row_lengths(), tf.int32))


def _inputs(mel: tf.Tensor, length: tf.Tensor) -> dict[str, Any]:
    return {"mel": mel, "mask": tf.sequence_mask(length, tf.shape(mel)[1])}
