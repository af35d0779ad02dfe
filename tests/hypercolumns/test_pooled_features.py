import dataclasses

import keras
import numpy as np
import pytest

from ser_fop.config.settings import ModelConfig
from ser_fop.errors import InputError
from ser_fop.hypercolumns.pooled import extract_pooled
from ser_fop.hypercolumns.pooled_features import PooledFeatures, join_pooled, read_pooled, write_pooled
from ser_fop.models.backbone import Backbone
from ser_fop.models.hypercolumns import hypercolumns
from ser_fop.testing.toy_records import FEATURES, toy_utterances, write_toy_records

CONFIG = ModelConfig(d_model=8, heads=2, feed_forward=11, layers=2, dropout=0.5)


@pytest.fixture(scope="module")
def mels():
    return toy_utterances()


@pytest.fixture(scope="module")
def records(mels, tmp_path_factory):
    return write_toy_records(tmp_path_factory.mktemp("toy") / "records", mels)


@pytest.fixture(scope="module")
def backbone():
    keras.utils.set_random_seed(0)
    return Backbone(CONFIG, FEATURES.mels)


@pytest.fixture(scope="module")
def pooled(backbone, records):
    return extract_pooled(backbone, records, pooling="mean_std", batch_frames=100)


def test_rows_are_sorted_by_id_and_joined_to_labels(pooled, mels):
    by_id = {key.id: key for key in mels}
    assert list(pooled.ids) == sorted(by_id)
    assert list(pooled.labels) == [by_id[key].label for key in pooled.ids]
    assert list(pooled.speakers) == [by_id[key].speaker for key in pooled.ids]
    assert "" in pooled.labels


def test_features_are_statistics_of_real_frames(backbone, pooled, mels):
    extractor = keras.Model(backbone.inputs_by_name(), hypercolumns(backbone))
    by_id = {key.id: mel for key, mel in mels.items()}
    assert set(pooled.arrays) == {"F", "h1", "h2", "h_add", "h_concat"}
    for row, key in enumerate(pooled.ids):
        mel = by_id[key][None]
        states = extractor({"mel": mel, "mask": np.ones(mel.shape[:2], bool)})
        for name, array in pooled.arrays.items():
            frames = np.asarray(states[name])[0]
            expected = np.concatenate([frames.mean(axis=0), frames.std(axis=0)])
            np.testing.assert_allclose(array[row], expected, atol=1e-5)


def test_mean_equals_first_half_of_mean_std(backbone, records, pooled):
    mean = extract_pooled(backbone, records, pooling="mean", batch_frames=1000)
    for name, array in mean.arrays.items():
        assert array.dtype == np.float32
        assert array.shape[1] == pooled.arrays[name].shape[1] // 2
        np.testing.assert_allclose(array, pooled.arrays[name][:, : array.shape[1]], atol=1e-5)


def test_written_features_are_read_back_unchanged(pooled, tmp_path):
    write_pooled(tmp_path / "h.npz", pooled)
    again = read_pooled(tmp_path / "h.npz")
    for field in dataclasses.fields(PooledFeatures):
        if field.name != "arrays":
            np.testing.assert_array_equal(getattr(again, field.name), getattr(pooled, field.name))
    assert list(again.arrays) == list(pooled.arrays)
    for name, array in pooled.arrays.items():
        if name != "h_concat":  # put together from the others
            np.testing.assert_array_equal(again.arrays[name], array)


def test_unknown_feature_error_suggests_closest_name(pooled):
    assert pooled.feature("h_concat") is pooled.arrays["h_concat"]
    with pytest.raises(InputError, match=r"unknown feature 'h_conca'.*Did you mean 'h_concat'\?"):
        pooled.feature("h_conca")


@pytest.mark.parametrize(
    "damage", [lambda data: data[:200], lambda data: b"", lambda data: b"no archive"], ids=["cut", "empty", "other"]
)
def test_read_pooled_rejects_damaged_file(pooled, tmp_path, damage):
    path = tmp_path / "h.npz"
    write_pooled(path, pooled)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match=r"h\.npz cannot be read as hypercolumns"):
        read_pooled(path)


def test_read_pooled_rejects_missing_arrays_and_files(tmp_path):
    np.savez(tmp_path / "h.npz", h1=np.zeros((2, 3)))
    with pytest.raises(InputError, match="cannot be read as hypercolumns"):
        read_pooled(tmp_path / "h.npz")
    with pytest.raises(InputError, match="cannot be read as hypercolumns"):
        read_pooled(tmp_path / "nothing.npz")


@pytest.mark.parametrize("pooling", ["mean", "mean_std"])
def test_concatenation_is_not_stored_and_read_back(backbone, records, tmp_path, pooling):
    path = tmp_path / "hypercolumns.npz"
    pooled = extract_pooled(backbone, records, pooling=pooling, batch_frames=1000)
    write_pooled(path, pooled)
    with np.load(path) as stored:
        assert "h_concat" not in stored.files
    found = read_pooled(path)
    assert list(found.arrays) == list(pooled.arrays)
    np.testing.assert_allclose(found.feature("h_concat"), pooled.feature("h_concat"), atol=1e-5)


def test_other_array_of_that_name_is_stored(pooled, tmp_path):
    path = tmp_path / "hypercolumns.npz"
    other = dataclasses.replace(pooled, arrays={**pooled.arrays, "h_concat": pooled.arrays["h_concat"] + 1})
    write_pooled(path, other)
    np.testing.assert_array_equal(read_pooled(path).feature("h_concat"), other.arrays["h_concat"])


def test_joined_features_carry_the_corpus():
    def part(*values):
        table = {"ids": np.array(["a", "b"]), "labels": np.array(["joy", ""]), "speakers": np.array(["x", "y"])}
        return PooledFeatures(**table, arrays={"F": np.array(values)[:, None], "h1": np.zeros((2, 3))})

    joined = join_pooled({"one": part(1, 2), "two": part(3, 4)}, "F")
    assert joined.of("F", ["two:a", "one:b"]).tolist() == [[3], [2]]
    assert joined.speakers.tolist() == ["one:x", "one:y", "two:x", "two:y"]
    with pytest.raises(InputError, match="'h9'"):
        join_pooled({"one": part(1, 2)}, "h9")


def test_file_of_an_earlier_version_is_read(pooled, tmp_path):
    path = tmp_path / "hypercolumns.npz"
    write_pooled(path, pooled)
    with np.load(path) as stored:
        arrays = dict(stored)
    np.savez(path, emotions=arrays.pop("labels"), **arrays)
    found = read_pooled(path)
    assert list(found.labels) == list(found.emotions) == list(pooled.labels)
    assert "emotions" not in found.arrays
