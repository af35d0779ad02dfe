import dataclasses

import numpy as np
import pytest

from ser_fop.config.settings import FinetuningSettings
from ser_fop.testing.toy_records import toy_utterances, write_toy_records
from ser_fop.training.splits.dimensional_labels import (
    known_dimensional_labels,
    standardised_dimensional_labels,
    wanted_dimensional_labels,
)


@pytest.fixture(scope="module")
def rated(tmp_path_factory):
    """Records in which every third utterance has no ratings."""
    mels = {}
    for number, (utterance, mel) in enumerate(toy_utterances(per_speaker=4).items()):
        ratings = {} if number % 3 == 2 else {"arousal": 1.0 + number, "valence": 3.0}
        mels[dataclasses.replace(utterance, **ratings)] = mel
    return write_toy_records(tmp_path_factory.mktemp("rated") / "records", mels)


def test_dimensional_labels_are_standardised_on_training_utterances(rated):
    learned = [row.id for row in rated.of_speakers(["anna", "bert"])]
    other = [row.id for row in rated.of_speakers(["carl"])]
    dimensional_labels = standardised_dimensional_labels(rated, learned, other)
    assert set(dimensional_labels) == {*learned, *other}
    arousal = np.array([dimensional_labels[key][0] for key in learned])
    assert np.nanmean(arousal) == pytest.approx(0, abs=1e-9)
    assert np.nanstd(arousal) == pytest.approx(1)
    # A constant rating becomes 0; a missing rating becomes NaN.
    assert {dimensional_labels[row.id][1] for row in rated.rows if row.valence != ""} == {0.0}
    assert all(np.isnan(dimensional_labels[row.id]).all() == (row.arousal == "") for row in rated.rows)
    # Other utterances change neither the mean nor the standard deviation.
    assert standardised_dimensional_labels(rated, learned)[learned[0]] == dimensional_labels[learned[0]]


def test_dimensional_labels_of_other_records_are_nan(rated):
    assert np.isnan(
        standardised_dimensional_labels(rated, [row.id for row in rated.rows], ["elsewhere"])["elsewhere"]
    ).all()


def test_dimensional_labels_without_ratings_are_empty(tmp_path, capsys):
    records = write_toy_records(tmp_path / "records", toy_utterances())
    learned = [row.id for row in records.rows]
    assert standardised_dimensional_labels(records, learned) == {}
    assert known_dimensional_labels({}, learned) == []
    assert wanted_dimensional_labels(FinetuningSettings(dimensional_loss_weight=0.5), records, learned) == {}
    assert "has no arousal and valence" in capsys.readouterr().out


def test_dimensional_labels_with_arousal_only_leave_valence_nan(tmp_path):
    mels = {
        dataclasses.replace(utterance, arousal=float(number % 3)): mel
        for number, (utterance, mel) in enumerate(toy_utterances().items())
    }
    records = write_toy_records(tmp_path / "records", mels)
    learned = [row.id for row in records.rows]
    dimensional_labels = wanted_dimensional_labels(FinetuningSettings(dimensional_loss_weight=0.5), records, learned)
    assert known_dimensional_labels(dimensional_labels, learned) == ["arousal"]
    values = np.array([dimensional_labels[key] for key in learned])
    assert values[:, 0].std() == pytest.approx(1)
    assert np.isnan(values[:, 1]).all()


def test_dimensional_labels_with_zero_loss_weight_are_empty(rated):
    assert wanted_dimensional_labels(FinetuningSettings(), rated, [row.id for row in rated.rows]) == {}
