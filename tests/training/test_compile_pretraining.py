import dataclasses

import keras
import numpy as np
import pytest

from ser_fop.config.settings import ModelConfig, PretrainingSettings
from ser_fop.config.stages import PretrainConfig
from ser_fop.testing.toy_records import toy_utterances, write_toy_records
from ser_fop.training.compile_pretraining import _NOT_TRACED, compile_pretraining
from ser_fop.training.distribute.distribution import Distribution
from ser_fop.training.pretraining_data import PretrainingData
from ser_fop.training.reuse import forget
from ser_fop.training.splits.pretraining import HeldOutSpeakers

pytestmark = pytest.mark.usefixtures("released_each")

SIZE = ModelConfig(d_model=4, heads=2, feed_forward=5, layers=1)
SPEAKERS = ("anna", "bert", "carl", "dora")


@pytest.fixture(autouse=True)
def empty():
    forget()
    yield
    forget()


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    mels = toy_utterances(speakers=SPEAKERS, per_speaker=6, frames=(20, 40))
    return write_toy_records(tmp_path_factory.mktemp("toy") / "records", mels, renditions=1)


def prepared(records, tmp_path, *, without=(), seed=0, **settings):
    """Return the compiled network and the data of a pretraining without some speakers."""
    chosen = PretrainingSettings(**{"epochs": 2, "batch_size": 4, **settings})
    config = PretrainConfig(records=(records.folder,), out=tmp_path / "out", model=SIZE, training=chosen, seed=seed)
    distribution = Distribution("none")
    held_out = HeldOutSpeakers(excluded_speakers={records.corpus: tuple(without)})
    keras.utils.set_random_seed(seed)
    data = PretrainingData(config, [records], held_out, distribution)
    network = data.objective.network(data.features.width, steps=data.steps)
    network.backbone.normalization.set_statistics(data.mean, data.std)
    return compile_pretraining(network, chosen, size=SIZE, data=data, distribution=distribution), data


def trained(found):
    """Return the weights and the validation error after one epoch."""
    network, data = found
    network.fit(data.train, epochs=1, verbose=0, shuffle=False)
    return network.get_weights(), network.evaluate(data.validation, return_dict=True, verbose=0)["error"]


@pytest.mark.parametrize("schedule", [pytest.param("constant", marks=pytest.mark.slow), "cosine"])
def test_another_fold_shares_the_step_and_trains_as_a_new_network(records, tmp_path, schedule):
    options = {"schedule": schedule, "warmup_share": 0.3}
    expected = trained(prepared(records, tmp_path, without=("anna", "bert"), seed=1, **options))
    forget()
    first = prepared(records, tmp_path, without=("carl",), **options)
    trained(first)
    second = prepared(records, tmp_path, without=("anna", "bert"), seed=1, **options)
    assert second[0] is first[0]
    assert not np.allclose(first[1].std, second[1].std, atol=1e-4)
    assert first[1].steps != second[1].steps
    weights, error = trained(second)
    assert error == expected[1]
    for one, other in zip(weights, expected[0], strict=True):
        np.testing.assert_array_equal(one, other)


def test_shared_step_with_the_statistics_of_the_first_fold_differs(records, tmp_path):
    expected = trained(prepared(records, tmp_path, without=("anna", "bert"), seed=1))
    first = prepared(records, tmp_path, without=("carl",))
    network, data = prepared(records, tmp_path, without=("anna", "bert"), seed=1)
    network.backbone.normalization.set_statistics(first[1].mean, first[1].std)
    assert trained((network, data))[1] != expected[1]


OTHER = {
    "freq_mask": 3,
    "time_mask": 3,
    "masks": 2,
    "renditions": 0.5,
    "batch_size": 2,
    "batch_frames": 100,
    "chunk_frames": 10,
    "epochs": 3,
    "patience": 2,
    "validation_share": 0.5,
}


def test_every_setting_that_is_not_traced_is_tested():
    assert set(OTHER) == _NOT_TRACED <= {field.name for field in dataclasses.fields(PretrainingSettings)}


def test_settings_of_the_data_share_a_traced_step(records, tmp_path):
    first, _ = prepared(records, tmp_path)
    for name, value in OTHER.items():
        assert prepared(records, tmp_path, **{name: value})[0] is first, name


@pytest.mark.parametrize(
    "changes",
    [
        {"loss": "mse"},
        {"horizons": (2,)},
        {"clip_norm": 1.0},
        {"schedule": "cosine"},
        {"task": "autoencoder", "code": 3},
    ],
)
def test_settings_of_the_step_do_not_share_it(records, tmp_path, changes):
    assert prepared(records, tmp_path, **changes)[0] is not prepared(records, tmp_path)[0]


def test_learning_rate_is_that_of_the_own_settings(records, tmp_path):
    prepared(records, tmp_path, learning_rate=0.5)
    network, _ = prepared(records, tmp_path, learning_rate=0.25)
    assert float(network.optimizer.learning_rate) == 0.25
