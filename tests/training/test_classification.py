from types import SimpleNamespace

import keras
import numpy as np
import pytest

from ser_fop.config.settings import ModelConfig
from ser_fop.data.labelled_batches import labelled_batches
from ser_fop.errors import InputError
from ser_fop.models.backbone import Backbone
from ser_fop.models.emotion_classifier import EmotionClassifier
from ser_fop.testing.toy_records import FEATURES, toy_utterances, write_toy_records
from ser_fop.training.class_balance import balanced_weights
from ser_fop.training.classification import compile_classifier, fit_classifier, probabilities_of

pytestmark = pytest.mark.usefixtures("released_each")

SIZES = {"batch_size": 6, "batch_frames": 200}


@pytest.fixture(scope="module")
def mels():
    utterances = toy_utterances(
        speakers=("anna", "bert", "carl"), per_speaker=8, emotions=("happy", "sad"), frames=(9, 12)
    )
    return {key: mel + (2 if key.label == "sad" else 0) for key, mel in utterances.items()}


@pytest.fixture(scope="module")
def records(mels, tmp_path_factory):
    return write_toy_records(tmp_path_factory.mktemp("toy") / "records", mels)


def build():
    keras.utils.set_random_seed(0)
    config = ModelConfig(d_model=8, heads=2, feed_forward=11, layers=1, dropout=0.1)
    network = EmotionClassifier(Backbone(config, FEATURES.mels), 2)
    compile_classifier(network, optimizer=keras.optimizers.Adam(0.02))
    return network


@pytest.fixture(scope="module")
def built():
    """A network whose graphs are traced once, and its first values."""
    network = build()
    network.optimizer.build(network.trainable_variables)
    variables = [*network.variables, *network.optimizer.variables]
    return network, [(variable, variable.numpy()) for variable in variables]


@pytest.fixture
def network(built):
    """A network that is as good as new."""
    for variable, first in built[1]:
        variable.assign(first)
    return built[0]


def classes_of(mels, speaker):
    return {key.id: int(key.label == "sad") for key in mels if key.speaker == speaker}


@pytest.fixture(scope="module")
def fitted(mels, records, tmp_path_factory):
    network = build()
    train = labelled_batches(records, classes_of(mels, "anna"), seed=0, **SIZES)
    validation = labelled_batches(records, classes_of(mels, "bert"), **SIZES)
    logs = tmp_path_factory.mktemp("logs")
    return network, fit_classifier(network, train, validation, epochs=8, patience=3, logs=logs)


def test_fit_classifier_learns_two_classes(fitted, mels, records):
    network, _ = fitted
    truth = classes_of(mels, "carl")
    found = probabilities_of(network, records, truth, batch_frames=200)
    assert np.mean([found[key].argmax() == label for key, label in truth.items()]) > 0.85


def test_fit_classifier_best_epoch_has_lowest_validation_loss(fitted):
    _, result = fitted
    losses = result["history"]["val_loss"]
    assert result["epochs"] == len(losses) <= 8
    assert result["best_epoch"] == 1 + int(np.argmin(losses))
    assert result["val_loss"] == min(losses)
    assert result["val_accuracy"] == result["history"]["val_accuracy"][result["best_epoch"] - 1]


def test_fit_classifier_keeps_weights_of_best_epoch(fitted, mels, records):
    network, result = fitted
    truth = classes_of(mels, "bert")
    found = probabilities_of(network, records, truth, batch_frames=200)
    loss = -np.mean([np.log(found[key][label]) for key, label in truth.items()])
    assert loss == pytest.approx(result["val_loss"], rel=1e-4)


@pytest.mark.parametrize("keep", ["loss", "accuracy", "last"])
def test_fit_classifier_keep_selects_the_epoch(network, mels, records, tmp_path, keep):
    train = labelled_batches(records, classes_of(mels, "anna"), seed=0, **SIZES)
    truth = classes_of(mels, "bert")
    validation = labelled_batches(
        records, {key: 1 - label for key, label in truth.items()}, **SIZES
    )  # wrong labels: the loss rises
    result = fit_classifier(network, train, validation, epochs=4, patience=2, logs=tmp_path, keep=keep)
    history = result["history"]
    expected = {"loss": np.argmin(history["val_loss"]), "accuracy": np.argmax(history["val_accuracy"]), "last": 3}
    assert result["best_epoch"] == expected[keep] + 1
    assert keep == "last" or result["epochs"] < 4
    kept = network.evaluate(validation, verbose=0, return_dict=True)
    assert kept["loss"] == pytest.approx(history["val_loss"][result["best_epoch"] - 1], rel=1e-4)


class Losses:
    """A network with given validation losses."""

    inputs = ()

    def __init__(self, losses):
        self.losses = losses

    def fit(self, *_, **__):
        history = {"loss": self.losses, "val_loss": self.losses, "val_accuracy": [0.1] * len(self.losses)}
        return SimpleNamespace(history=history)


def test_fit_classifier_ignores_diverged_epochs(tmp_path):
    found = fit_classifier(Losses([1.0, 0.5, float("nan")]), None, (), epochs=3, patience=3, logs=tmp_path)
    assert (found["best_epoch"], found["val_loss"]) == (2, 0.5)
    with pytest.raises(InputError, match="training diverged"):
        fit_classifier(Losses([float("nan")] * 3), None, (), epochs=3, patience=3, logs=tmp_path)


def test_fit_classifier_without_validation_keeps_last_epoch(network, mels, records, tmp_path):
    train = labelled_batches(records, classes_of(mels, "anna"), seed=0, **SIZES)
    result = fit_classifier(network, train, None, epochs=2, patience=1, logs=tmp_path, keep="last")
    assert (result["epochs"], result["best_epoch"]) == (2, 2)
    assert result["val_loss"] is None
    assert result["val_accuracy"] is None


def test_probabilities_of_returns_probabilities_by_id(fitted, mels, records):
    network, _ = fitted
    chosen = {key.id: 0 for key in mels if key.id.endswith(("0", "5"))}
    found = probabilities_of(network, records, chosen, batch_frames=60)
    assert set(found) == set(chosen)
    for key, mel in mels.items():
        if key.id in chosen:
            logits = network({"mel": mel[None], "mask": np.ones((1, len(mel)), bool)})
            np.testing.assert_allclose(found[key.id], keras.ops.softmax(logits)[0], atol=1e-5)
            assert found[key.id].sum() == pytest.approx(1)


def test_balanced_weights_give_classes_equal_total_weight():
    classes = [0] * 6 + [1] * 2 + [3] * 4
    weights = balanced_weights(classes, count=4)
    assert weights == {0: pytest.approx(12 / 18), 1: 2.0, 2: 1.0, 3: 1.0}
    assert sum(weights[index] for index in classes) == pytest.approx(len(classes))


def test_fit_classifier_does_not_learn_class_of_weight_zero(mels, records, tmp_path):
    network = build()
    train = labelled_batches(records, classes_of(mels, "anna"), seed=0, **SIZES)
    fit_classifier(network, train, train, epochs=6, patience=6, logs=tmp_path, class_weight={0: 1.0, 1: 0.0})
    truth = classes_of(mels, "carl")
    assert {values.argmax() for values in probabilities_of(network, records, truth, batch_frames=200).values()} == {0}
