"""What answers: one network, its front end, and a scikit-learn head if it was trained with one."""

from typing import Any

import keras
import tensorflow as tf

from ser_fop.features import window_length
from ser_fop.layers.masked_pooling import MaskedPooling
from ser_fop.models.hypercolumns import hypercolumns
from ser_fop.models.saving import NetworkSpec
from ser_fop.recognition.front_end import batch_of_mels
from ser_fop.recognition.heads import Head

SCORES, LABELS, EMOTION = "scores", "labels", "emotion"
POOLED_PREFIX = "pooled_"


class Recogniser:
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
        self._head = head
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
            tf.TensorSpec([None, None, spec.features.mels], tf.float32, "mel"),
            tf.TensorSpec([None], tf.int32, "length"),
        ]
        self.from_waveform = tf.function(self._from_waveform, input_signature=sound)
        self.from_mel = tf.function(self._from_mel, input_signature=mels)
        self.from_wav = tf.function(self._from_wav, input_signature=[tf.TensorSpec([None], tf.string, "wav")])
        self.hypercolumns_of_mel = tf.function(self._hypercolumns_of_mel, input_signature=mels)
        self.hypercolumns_of_waveform = tf.function(self._hypercolumns_of_waveform, input_signature=sound)

    def _mels(self, waveform: tf.Tensor, length: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return batch_of_mels(waveform, length, features=self.spec.features, trim_below_db=self.spec.trim_below_db)

    def _from_waveform(self, waveform: tf.Tensor, length: tf.Tensor) -> dict[str, tf.Tensor]:
        return self._from_mel(*self._mels(waveform, length))

    def _hypercolumns_of_waveform(self, waveform: tf.Tensor, length: tf.Tensor) -> dict[str, tf.Tensor]:
        return self._hypercolumns_of_mel(*self._mels(waveform, length))

    def _from_mel(self, mel: tf.Tensor, length: tf.Tensor) -> dict[str, tf.Tensor]:
        inputs = _inputs(mel, length)
        if self._head is None:
            scores = tf.nn.softmax(self.network(inputs, training=False))
            answer = tf.argmax(scores, axis=1)
        else:
            scores, answer = self._head(self._read(inputs, training=False))
        names = tf.constant(self.labels)
        return {
            SCORES: scores,
            LABELS: tf.tile(names[tf.newaxis], [tf.shape(scores)[0], 1]),
            EMOTION: tf.gather(names, answer),
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
