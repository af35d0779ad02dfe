"""The step of a network with copies on several devices, equal to that of one device with the whole batch."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from ser_fop.training.distribute.distribution import Distribution

_LOSS = "loss"


def distribute_steps(
    model: keras.Model, distribution: Distribution, batches: tf.data.Dataset, *, own_batches: bool = False
) -> None:
    """Let `fit` and `evaluate` of a compiled model share each batch out among the copies.

    Each copy takes every so-manyth utterance. The gradient is that of the mean over all copies' weighted frames, which
    clipping and Adam then see as they would on one device; Keras' own step takes the mean of the copies' means. Metrics
    and the epoch's loss are sums over all copies too. Both take batches `(inputs, target, weight)`, from an ordinary
    `tf.data.Dataset`.

    Keras' `fit` takes a train function that is set, and then reduces nothing itself: what it does under
    `MultiWorkerMirroredStrategy` fails (keras issue 20585).

    Args:
        model: Made, as its optimizer, in the scope of the distribution; compiled outside it.
        distribution: Where the copies are; without a strategy nothing changes.
        batches: Some of what it will take: the first one makes the metrics' variables.
        own_batches: Whether each worker is given training batches of its own, to share out among its own devices,
            instead of the whole ones. Those of `evaluate` are whole in any case.
    """
    if distribution.strategy is None:
        return
    # Else `fit` would reduce the batches of a network that was made in a scope, which it needs to build it alone.
    model._distribute_strategy = None
    inputs, target, weight = next(iter(batches))
    model.compute_metrics(inputs, target, model(inputs, training=False), sample_weight=weight)
    model.reset_metrics()
    spec = batches.element_spec
    model.train_function = _function(model, distribution, spec, training=True, own_batches=own_batches)
    model.test_function = _function(model, distribution, spec, training=False, own_batches=False)


def _function(
    model: keras.Model, distribution: Distribution, spec: tuple, *, training: bool, own_batches: bool
) -> Callable[[Any], dict[str, Any]]:
    """Return what takes an iterator's next batch, and returns the logs so far."""
    strategy, replicas = distribution.strategy, distribution.replicas
    sharing = replicas // distribution.workers if own_batches else replicas
    (loss_mean,) = (metric for metric in model.metrics if metric.name == _LOSS)
    metrics = [metric for metric in model.metrics if metric is not loss_mean]

    def on_replica(batch: tuple) -> tuple:
        context = tf.distribute.get_replica_context()
        place = context.replica_id_in_sync_group % sharing
        inputs, target, weight = tf.nest.map_structure(lambda tensor: _rows(tensor, place, sharing), batch)
        frames = tf.reduce_sum(weight)
        utterances = tf.reduce_sum(tf.cast(tf.reduce_any(weight > 0, axis=1), tf.float32))
        with tf.GradientTape() as tape:
            predicted = model(inputs, training=training)
            mean = model.compute_loss(inputs, target, predicted, sample_weight=weight, training=training)
            # Keras divides a loss by the number of copies.
            total = mean * replicas * frames
        gradients = []
        if training:
            unused = tf.UnconnectedGradients.ZERO
            gradients = tape.gradient(total, model.trainable_variables, unconnected_gradients=unused)
        nothing = [[tf.zeros_like(variable.value) for variable in metric.variables] for metric in metrics]
        sums = [
            metric.stateless_update_state(zeros, target, predicted, sample_weight=weight)
            for metric, zeros in zip(metrics, nothing, strict=True)
        ]
        return context.all_reduce(tf.distribute.ReduceOp.SUM, (gradients, sums, total, frames, utterances))

    def step(batch: tuple) -> dict[str, Any]:
        everywhere = strategy.run(on_replica, args=(batch,))
        reduced = tf.nest.map_structure(lambda value: strategy.experimental_local_results(value)[0], everywhere)
        gradients, sums, total, frames, utterances = reduced
        if training:
            # Outside the copies, where the optimizer sums nothing up once more.
            model.optimizer.apply(
                [tf.math.divide_no_nan(gradient, frames) for gradient in gradients], model.trainable_variables
            )
        loss_mean.update_state(tf.math.divide_no_nan(total, frames), sample_weight=utterances)
        for metric, added in zip(metrics, sums, strict=True):
            for variable, value in zip(metric.variables, added, strict=True):
                variable.assign_add(value)
        return model.get_metrics_result()

    compiled = tf.function(step, input_signature=[spec])
    return lambda iterator: compiled(next(iterator))


def _rows(tensor: tf.Tensor, place: tf.Tensor, sharing: int) -> tf.Tensor:
    """Return every `sharing`-th row from `place` on; rows of zeros are added until all copies have as many."""
    short = -tf.shape(tensor)[0] % sharing
    filling = tf.zeros(tf.concat([[short], tf.shape(tensor)[1:]], axis=0), tensor.dtype)
    return tf.concat([tensor, filling], axis=0)[place::sharing]
