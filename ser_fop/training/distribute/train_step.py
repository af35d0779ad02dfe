"""Training step over several devices, equal to the step of one device with the whole batch."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from ser_fop.training.distribute.distribution import Distribution

_LOSS = "loss"


def distribute_steps(
    model: keras.Model, distribution: Distribution, batches: tf.data.Dataset, *, own_batches: bool = False
) -> None:
    """Make `fit` and `evaluate` of a compiled model divide each batch among the copies of the network.

    With n copies, each copy takes every n-th utterance. The gradient is that of the mean over the weighted frames of
    all copies, so clipping and Adam work as on one device. (Keras averages the means of the copies instead.) Metrics
    and the epoch's loss are also computed over all copies. `fit` and `evaluate` take batches `(inputs, target, weight)`
    from an ordinary `tf.data.Dataset`.

    The function sets `model.train_function`. Keras' `fit` then skips its own reduction, which fails under
    `MultiWorkerMirroredStrategy` (Keras issue 20585).

    Args:
        model: The compiled model. The model and its optimizer were created in the scope of the distribution; `compile`
            was called outside it.
        distribution: The devices. Without a strategy the model stays as it is.
        batches: Dataset with the element spec of the training; its first batch builds the metrics.
        own_batches: Whether each worker reads its own training batches, divided among its own devices. Otherwise all
            workers read the same batches, divided among all devices. The batches of `evaluate` are always the same.
    """
    if distribution.strategy is None:
        return
    # Otherwise `fit` would distribute the batches itself, because the network was created in a scope.
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
    """Return the function that processes an iterator's next batch and returns the logs so far."""
    strategy, replicas = distribution.strategy, distribution.replicas
    sharing_replicas = replicas // distribution.workers if own_batches else replicas
    (loss_mean,) = (metric for metric in model.metrics if metric.name == _LOSS)
    metrics = [metric for metric in model.metrics if metric is not loss_mean]

    def on_replica(batch: tuple) -> tuple:
        context = tf.distribute.get_replica_context()
        index = context.replica_id_in_sync_group % sharing_replicas
        inputs, target, weight = tf.nest.map_structure(lambda tensor: _rows(tensor, index, sharing_replicas), batch)
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
        initial = [[tf.zeros_like(variable.value) for variable in metric.variables] for metric in metrics]
        sums = [
            metric.stateless_update_state(zeros, target, predicted, sample_weight=weight)
            for metric, zeros in zip(metrics, initial, strict=True)
        ]
        return context.all_reduce(tf.distribute.ReduceOp.SUM, (gradients, sums, total, frames, utterances))

    def step(batch: tuple) -> dict[str, Any]:
        per_replica = strategy.run(on_replica, args=(batch,))
        reduced = tf.nest.map_structure(lambda value: strategy.experimental_local_results(value)[0], per_replica)
        gradients, sums, total, frames, utterances = reduced
        if training:
            # Outside `strategy.run`, so that the optimizer does not sum the gradients again.
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


def _rows(tensor: tf.Tensor, index: tf.Tensor, count: int) -> tf.Tensor:
    """Return every `count`-th row, from row `index`; rows of zeros give all copies the same number of rows."""
    missing = -tf.shape(tensor)[0] % count
    padding = tf.zeros(tf.concat([[missing], tf.shape(tensor)[1:]], axis=0), tensor.dtype)
    return tf.concat([tensor, padding], axis=0)[index::count]
