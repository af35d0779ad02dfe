"""Fitted scikit-learn classifiers as TensorFlow operations, for export in one graph with the network."""

from typing import Protocol

import numpy as np
import tensorflow as tf
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from ser_fop.errors import InputError
from ser_fop.hypercolumns.classifiers import svm_of


class Head(Protocol):
    """Classifier that maps features of shape (batch, width) to probabilities and predicted classes.

    The classes have the order of the estimator's `classes_`.
    """

    def __call__(self, features: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return float32 probabilities of shape (batch, classes) and int64 class indices of shape (batch,)."""
        ...


def head_of(estimator: BaseEstimator) -> Head:
    """Convert an estimator of `ser-fop classify` to TensorFlow operations.

    Args:
        estimator: A calibrated SVM, a logistic regression or a random forest.

    Raises:
        InputError: If the estimator has another type.
    """
    if isinstance(estimator, RandomForestClassifier):
        return ForestHead(estimator)
    if isinstance(estimator, CalibratedClassifierCV):
        (fitted,) = estimator.calibrated_classifiers_
        return SVMHead(svm_of(estimator), fitted.calibrators)
    if isinstance(estimator, Pipeline) and isinstance(estimator[-1], LogisticRegression):
        return LogisticHead(estimator)
    raise InputError(
        f"expected the SVM, forest or logistic regression of `ser-fop classify`, received {type(estimator).__name__}."
    )


def _variable(values: np.ndarray | list[float], dtype: tf.DType | None = None) -> tf.Variable:
    """Return fitted values as a variable. The signatures share it, and the ONNX and LiteRT converters support it."""
    return tf.Variable(values, trainable=False, dtype=dtype)


class _Scaler(tf.Module):
    """Standardisation by a fitted `StandardScaler`."""

    def __init__(self, scaler: StandardScaler) -> None:
        super().__init__()
        self.mean = _variable(scaler.mean_, tf.float64)
        self.scale = _variable(scaler.scale_, tf.float64)

    def __call__(self, features: tf.Tensor) -> tf.Tensor:
        return (tf.cast(features, tf.float64) - self.mean) / self.scale


class LogisticHead(tf.Module):
    """Scaler and multinomial logistic regression.

    Args:
        pipeline: Fitted pipeline of a scaler and a logistic regression.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        super().__init__()
        scaler, logistic = pipeline[0], pipeline[-1]
        self.scaler = _Scaler(scaler)
        coefficients, intercept = logistic.coef_, logistic.intercept_
        if len(logistic.classes_) == 2:  # two classes have one row of coefficients
            coefficients, intercept = (np.concatenate([0 * one, one]) for one in (coefficients, intercept))
        self.coefficients = _variable(coefficients.T, tf.float64)
        self.intercept = _variable(intercept, tf.float64)

    def __call__(self, features: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return probabilities and predicted classes."""
        logits = tf.matmul(self.scaler(features), self.coefficients) + self.intercept
        return tf.cast(tf.nn.softmax(logits), tf.float32), tf.argmax(logits, axis=1)


class SVMHead(tf.Module):
    """Scaler, support vector machine with an RBF kernel, and sigmoid calibration of its decision values.

    The predicted class is the SVM's own prediction: the class with the most votes in the one-vs-one decisions. It can
    differ from the most probable class.

    Args:
        pipeline: Fitted pipeline of a scaler and an SVM.
        calibrators: Sigmoid calibrators of scikit-learn, one per class, or one for two classes.

    Raises:
        InputError: If the kernel of the SVM is not RBF.
    """

    def __init__(self, pipeline: Pipeline, calibrators: list) -> None:
        super().__init__()
        scaler, svm = pipeline[0], pipeline[-1]
        if svm.kernel != "rbf":
            raise InputError(f"expected an SVM with an RBF kernel, received {svm.kernel!r}.")
        self.scaler = _Scaler(scaler)
        self.classes = len(svm.classes_)
        self.gamma = float(svm._gamma)  # the value of gamma='scale' has no public name in scikit-learn
        self.vectors = _variable(svm.support_vectors_)
        self.pairs, weights = pairwise_decisions(svm)
        self.weights = _variable(weights)
        self.intercept = _variable(-svm.intercept_ if self.classes == 2 else svm.intercept_)
        self.slopes = _variable([one.a_ for one in calibrators], tf.float64)
        self.offsets = _variable([one.b_ for one in calibrators], tf.float64)

    def __call__(self, features: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return probabilities and predicted classes."""
        scaled = self.scaler(features)
        squares = (
            tf.reduce_sum(tf.square(scaled), axis=1, keepdims=True)
            - 2.0 * tf.matmul(scaled, self.vectors, transpose_b=True)
            + tf.reduce_sum(tf.square(self.vectors), axis=1)
        )
        kernel = tf.exp(-self.gamma * tf.maximum(squares, 0.0))
        margin = tf.matmul(kernel, self.weights) + self.intercept  # above 0, the first class of the pair gets the vote
        first, second = (
            tf.one_hot([pair[side] for pair in self.pairs], self.classes, dtype=tf.float64) for side in (0, 1)
        )
        won = tf.cast(margin > 0, tf.float64)
        votes = tf.matmul(won, first) + tf.matmul(1.0 - won, second)
        answer = tf.argmax(votes, axis=1)
        if self.classes == 2:
            positive = tf.sigmoid(-(self.slopes * -margin + self.offsets))
            probabilities = tf.concat([1.0 - positive, positive], axis=1)
        else:
            confidence = tf.matmul(margin, first - second)
            decision = votes + confidence / (3.0 * (tf.abs(confidence) + 1.0))
            raw = tf.sigmoid(-(self.slopes * decision + self.offsets))
            total = tf.reduce_sum(raw, axis=1, keepdims=True)
            probabilities = tf.where(total > 0, raw / tf.where(total > 0, total, 1.0), 1.0 / self.classes)
        return tf.cast(probabilities, tf.float32), answer


def pairwise_decisions(svm: SVC) -> tuple[list[tuple[int, int]], np.ndarray]:
    """Return the pairs of classes, and the weights of the support vectors of shape (vectors, pairs)."""
    classes = len(svm.classes_)
    ends = np.cumsum(svm.n_support_)
    of_class = [slice(end - count, end) for end, count in zip(ends, svm.n_support_, strict=True)]
    pairs = [(one, other) for one in range(classes) for other in range(one + 1, classes)]
    weights = np.zeros((len(svm.support_vectors_), len(pairs)))
    for column, (one, other) in enumerate(pairs):
        weights[of_class[one], column] = svm.dual_coef_[other - 1, of_class[one]]
        weights[of_class[other], column] = svm.dual_coef_[one, of_class[other]]
    return pairs, -weights if classes == 2 else weights  # for two classes, scikit-learn inverts the sign


class ForestHead(tf.Module):
    """Random forest that evaluates all trees in parallel.

    Args:
        forest: Fitted random forest.
    """

    def __init__(self, forest: RandomForestClassifier) -> None:
        super().__init__()
        trees = [estimator.tree_ for estimator in forest.estimators_]
        nodes = max(tree.node_count for tree in trees)
        self.depth = max(tree.max_depth for tree in trees)
        node_index = np.arange(nodes)

        def table(name: str, padding: np.ndarray | int) -> np.ndarray:
            full = np.empty((len(trees), nodes), getattr(trees[0], name).dtype)
            full[:] = padding
            for row, tree in zip(full, trees, strict=True):
                row[: tree.node_count] = getattr(tree, name)
            return full

        left, right = table("children_left", -1), table("children_right", -1)
        self.feature = _variable(np.maximum(table("feature", 0), 0), tf.int32)
        self.threshold = _variable(table("threshold", 0))
        # A leaf is its own child, so that all trees can run for the depth of the deepest tree.
        self.left = _variable(np.where(left < 0, node_index, left), tf.int32)
        self.right = _variable(np.where(right < 0, node_index, right), tf.int32)
        shares = np.zeros((len(trees), nodes, forest.n_classes_), np.float32)
        for row, tree in zip(shares, trees, strict=True):
            counts = tree.value[:, 0]
            row[: tree.node_count] = counts / counts.sum(axis=1, keepdims=True)
        self.shares = _variable(shares)

    def __call__(self, features: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return probabilities and predicted classes."""
        # The ONNX converter does not support a gather from a variable, so each variable is read first.
        feature, threshold, left, right, shares = map(
            tf.convert_to_tensor, (self.feature, self.threshold, self.left, self.right, self.shares)
        )
        trees = tf.shape(feature)[0]
        batch = tf.shape(features)[0]
        tree = tf.tile(tf.range(trees)[tf.newaxis], [batch, 1])
        row = tf.tile(tf.range(batch)[:, tf.newaxis], [1, trees])
        node = tf.zeros_like(tree)
        for _ in range(self.depth):
            here = tf.stack([tree, node], axis=-1)
            value = tf.gather_nd(features, tf.stack([row, tf.gather_nd(feature, here)], axis=-1))
            goes_left = tf.cast(value, tf.float64) <= tf.gather_nd(threshold, here)
            node = tf.where(goes_left, tf.gather_nd(left, here), tf.gather_nd(right, here))
        probabilities = tf.reduce_mean(tf.gather_nd(shares, tf.stack([tree, node], axis=-1)), axis=1)
        return probabilities, tf.argmax(probabilities, axis=1)
