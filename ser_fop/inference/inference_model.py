"""What answers: one network, its front end, and a scikit-learn head if it was trained with one."""

from typing import Any

import keras
import tensorflow as tf

from ser_fop.data.features import window_length
from ser_fop.inference.front_end import batch_of_mels
from ser_fop.inference.heads import Head
from ser_fop.layers.masked_pooling import MaskedPooling
from ser_fop.models.hypercolumns import hypercolumns
from ser_fop.models.saving import NetworkSpec

SCORES, LABELS, EMOTION = "scores", "labels", "emotion"
# The place of the emotion among the labels, where a runtime knows no text.
ANSWER = "answer"
POOLED_PREFIX = "pooled_"


class InferenceModel:
    """Maps sound, or log-mels, to emotions; batch and length are free.

    Every function takes padded batches with the length of each, and what is beyond it never counts.

    Args:
        network: A classifier, or, with `head`, any network with a backbone.
        spec: Its config: front end, classes in order (none where it was never taught any), and what feature a head reads.
        head: scikit-learn's classifier on that feature, pooled; its classes are the config's.
    """

    def __init__(self, network: keras.Model, spec: NetworkSpec, *, head: Head | None = None) -> None:
        self.spec = spec
        self.network = network
        self.labels = spec.labels
        self.head = head
        backbone = network.backbone
        inputs = backbone.inputs_by_name()
        frames = hypercolumns(backbone)
        # What fine-tuning pooled by attention has no such weights for other features.
        pool = MaskedPooling("mean_std" if spec.pooling == "mean_std" else "mean", dtype="float32")
        mask = backbone.step_mask(inputs["mask"])
        pooled = {POOLED_PREFIX + name: pool(frames[name], mask=mask) for name in frames}
        self._hypercolumns = keras.Model(inputs, {**frames, **pooled})
        self._read = keras.Model(inputs, pooled[POOLED_PREFIX + spec.feature]) if head else None
        sound = [tf.TensorSpec([None, None], tf.float32, "waveform"), tf.TensorSpec([None], tf.int32, "length")]
        mels = [
            tf.TensorSpec([None, None, spec.features.width], tf.float32, "mel"),
            tf.TensorSpec([None], tf.int32, "length"),
        ]
        self.from_waveform = tf.function(self._from_waveform, input_signature=sound)
        self.from_mel = tf.function(self._from_mel, input_signature=mels)
        self.from_wav = tf.function(self._from_wav, input_signature=[tf.TensorSpec([None], tf.string, "wav")])
        self.hypercolumns_of_mel = tf.function(self._hypercolumns_of_mel, input_signature=mels)
        self.hypercolumns_of_waveform = tf.function(self._hypercolumns_of_waveform, input_signature=sound)

    def compute_mels(self, waveform: tf.Tensor, length: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the log-mels (batch, frames, mels) of sound, and the frames of each."""
        return batch_of_mels(waveform, length, features=self.spec.features, trim_below_db=self.spec.trim_below_db)

    def class_scores(self, mel: tf.Tensor, length: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return `scores` (batch, classes) and `answer` (batch,), the emotion's place; hypercolumns where no emotion is known."""
        inputs = _inputs(mel, length)
        if not self.labels:
            return self._hypercolumns(inputs, training=False)
        if self.head is None:
            scores = tf.nn.softmax(self.network(inputs, training=False))
            return {SCORES: scores, ANSWER: tf.argmax(scores, axis=1)}
        scores, answer = self.head(self._read(inputs, training=False))
        return {SCORES: scores, ANSWER: answer}

    def _from_waveform(self, waveform: tf.Tensor, length: tf.Tensor) -> dict[str, tf.Tensor]:
        return self._from_mel(*self.compute_mels(waveform, length))

    def _hypercolumns_of_waveform(self, waveform: tf.Tensor, length: tf.Tensor) -> dict[str, tf.Tensor]:
        return self._hypercolumns_of_mel(*self.compute_mels(waveform, length))

    def _from_mel(self, mel: tf.Tensor, length: tf.Tensor) -> dict[str, tf.Tensor]:
        found = self.class_scores(mel, length)
        names = tf.constant(self.labels)
        return {
            SCORES: found[SCORES],
            LABELS: tf.tile(names[tf.newaxis], [tf.shape(found[SCORES])[0], 1]),
            EMOTION: tf.gather(names, found[ANSWER]),
        }

    def _hypercolumns_of_mel(self, mel: tf.Tensor, length: tf.Tensor) -> dict[str, tf.Tensor]:
        return self._hypercolumns(_inputs(mel, length), training=False)

    def _from_wav(self, wav: tf.Tensor) -> dict[str, tf.Tensor]:
        ragged = tf.map_fn(
            self._decoded, wav, fn_output_signature=tf.RaggedTensorSpec([None], tf.float32, ragged_rank=0)
        )
        return self._from_waveform(ragged.to_tensor(), tf.cast(ragged.row_lengths(), tf.int32))

    def _decoded(self, wav: tf.Tensor) -> tf.Tensor:
        """Return the samples of one WAV file of 16-bit PCM (TensorFlow decodes no other), its channels averaged; refuse another rate or less than a window."""
        samples, rate_hz = tf.audio.decode_wav(wav)
        expected = self.spec.features.sample_rate_hz
        checks = [
            tf.debugging.assert_equal(
                rate_hz, expected, f"expected a WAV of {expected} Hz, received another rate: resample it"
            ),
            tf.debugging.assert_greater_equal(
                tf.shape(samples)[0],
                window_length(self.spec.features),
                "expected a WAV of at least one window of sound",
            ),
        ]
        with tf.control_dependencies([check for check in checks if check is not None]):
            return tf.reduce_mean(samples, axis=1)


def _inputs(mel: tf.Tensor, length: tf.Tensor) -> dict[str, Any]:
    return {"mel": mel, "mask": tf.sequence_mask(length, tf.shape(mel)[1])}
