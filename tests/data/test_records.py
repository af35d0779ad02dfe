import hashlib
import json
import struct

import numpy as np
import pytest
import tensorflow as tf

from ser_fop.config.settings import FeatureConfig
from ser_fop.data.record_examples import parse, serialize
from ser_fop.data.records import (
    MANIFEST,
    Records,
    mel_moments,
    require_same_features,
)
from ser_fop.errors import InputError
from ser_fop.testing.arrays import normal
from ser_fop.testing.toy_records import FEATURES, stored_mels, toy_utterances, write_toy_records


@pytest.fixture
def folder(tmp_path):
    return write_toy_records(tmp_path / "records", toy_utterances()).folder


class TestRoundTrip:
    @pytest.mark.parametrize("dtype", ["float16", "float32"])
    def test_records_round_trip_is_bit_exact(self, tmp_path, dtype):
        mels = toy_utterances()
        records = write_toy_records(tmp_path / "records", mels, dtype=dtype)
        found = stored_mels(records)
        assert list(found) == [utterance.id for utterance in mels]
        for utterance, mel in mels.items():
            assert found[utterance.id].dtype == dtype
            np.testing.assert_array_equal(found[utterance.id], mel.astype(dtype))

    def test_records_in_float16_are_rounded(self, tmp_path):
        mels = toy_utterances()
        found = stored_mels(write_toy_records(tmp_path / "records", mels, dtype="float16"))
        assert max(np.abs(found[utterance.id] - mel).max() for utterance, mel in mels.items()) > 0

    def test_serialize_keeps_non_ascii_ids(self, tmp_path):
        manifest = write_toy_records(tmp_path / "records", toy_utterances()).manifest
        mel = normal(3, FEATURES.mels)
        found = parse(tf.constant(serialize("Zürich/日本-1", mel)), manifest)
        assert found["id"].numpy().decode() == "Zürich/日本-1"
        np.testing.assert_array_equal(found["mel"], mel)

    @pytest.mark.parametrize("number", [0, 1, 2])
    def test_parse_returns_the_drawn_copy_and_the_utterance(self, tmp_path, number):
        records = write_toy_records(tmp_path / "records", toy_utterances(), renditions=2)
        plain = stored_mels(records)
        for record in tf.data.TFRecordDataset(records.shard_paths):
            found = parse(record, records.manifest, lambda _, count: tf.constant(min(number, count)))
            expected = plain[found["id"].numpy().decode()]
            np.testing.assert_array_equal(found["recorded"], expected)
            np.testing.assert_array_equal(found["mel"], expected + number)

    def test_serialize_is_little_endian_and_deterministic(self):
        mel = normal(3, 4)
        record = serialize("a", mel)
        assert record == serialize("a", mel.astype(">f4").astype(np.float32))
        assert record == serialize("a", mel.astype(">f4"))
        assert mel.astype("<f4").tobytes() in record


class TestFolder:
    def test_records_properties_match_written_utterances(self, tmp_path):
        mels = toy_utterances(speakers=("bert", "anna"))
        records = write_toy_records(tmp_path / "records", mels, corpus="mine")
        assert records.corpus == "mine"
        assert records.speakers == ("anna", "bert")
        assert records.qualified_speaker_id("anna") == "mine:anna"
        assert [row.id for row in records.of_speakers({"anna"})] == [f"anna-{number}" for number in range(4)]
        assert [row.frames for row in records.rows] == [len(mel) for mel in mels.values()]
        assert records.manifest.labels == ("happy", "sad")

    def test_records_rejects_unfinished_folder(self, folder):
        (folder / "COMPLETED").unlink()
        with pytest.raises(InputError, match=r"is not a finished folder of `ser-fop prepare`"):
            Records(folder)

    def test_records_rejects_folder_of_another_stage(self, folder):
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**config, "stage": "extract"}))
        with pytest.raises(InputError, match=r"was written by `ser-fop extract`"):
            Records(folder)

    def test_records_rejects_missing_folder(self, tmp_path):
        with pytest.raises(InputError, match="does not exist"):
            Records(tmp_path / "nothing")

    @pytest.mark.parametrize("text", ["{", "{}", '{"corpus": "x", "shards": 3}'])
    def test_records_rejects_broken_manifest(self, folder, text):
        (folder / MANIFEST).write_text(text)
        with pytest.raises(InputError, match=rf"{MANIFEST} is not"):
            Records(folder)


def first_record(path):
    """Return the size of the first record in bytes: length (8), checksum (4), data, checksum (4)."""
    (length,) = struct.unpack("<Q", path.read_bytes()[:8])
    return 8 + 4 + length + 4


def cut_at_boundary(path):
    path.write_bytes(path.read_bytes()[: first_record(path)])


def cut_in_the_middle(path):
    path.write_bytes(path.read_bytes()[: first_record(path) + 30])


def flip_a_bit(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def empty(path):
    path.write_bytes(b"")


def append(path):
    path.write_bytes(path.read_bytes() * 2)


class TestDamage:
    @pytest.mark.parametrize("damage", [cut_at_boundary, cut_in_the_middle, flip_a_bit, empty, append])
    def test_records_with_damaged_shard_names_shard(self, folder, damage):
        Records(folder)
        damage(folder / "mel-00001-of-00002.tfrecord")
        with pytest.raises(InputError, match=r"shard .*mel-00001-of-00002\.tfrecord is damaged.*expected 6 records"):
            Records(folder)

    def test_records_with_missing_shard_names_shard(self, folder):
        (folder / "mel-00000-of-00002.tfrecord").unlink()
        with pytest.raises(InputError, match=r"shard .*mel-00000-of-00002\.tfrecord is missing"):
            Records(folder)

    @pytest.mark.parametrize(("damage", "left"), [(cut_at_boundary, 1), (empty, 0)])
    def test_tfrecord_dataset_accepts_damaged_file(self, folder, damage, left):
        """The reason why the manifest holds checksums."""
        path = folder / "mel-00001-of-00002.tfrecord"
        damage(path)
        assert len(list(tf.data.TFRecordDataset([str(path)]))) == left

    def test_records_rejects_swapped_shards(self, folder):
        first, second = sorted(folder.glob("*.tfrecord"))
        first_bytes = first.read_bytes()
        first.write_bytes(second.read_bytes())
        second.write_bytes(first_bytes)
        with pytest.raises(InputError, match="is damaged"):
            Records(folder)

    def test_intact_shards_match_manifest(self, folder):
        for shard in Records(folder).manifest.shards:
            assert hashlib.sha256((folder / shard.name).read_bytes()).hexdigest() == shard.sha256


class TestSameFeatures:
    def test_require_same_features_returns_common_config(self):
        assert require_same_features({"a": FEATURES, "b": FeatureConfig(mels=4)}) == FEATURES

    @pytest.mark.parametrize(("key", "value"), [("hop_s", 0.0125), ("mels", 40), ("floor", 1e-6)])
    def test_require_same_features_names_key_and_values(self, key, value):
        other = FeatureConfig(**{key: value})
        message = rf"records/a and runs/b .*{key} is {getattr(FeatureConfig(), key)} and {value}"
        with pytest.raises(InputError, match=message):
            require_same_features({"records/a": FeatureConfig(), "records/c": FeatureConfig(), "runs/b": other})


class TestMoments:
    def test_mel_moments_equal_numpy_over_selected_utterances(self, tmp_path):
        one, two = toy_utterances(), toy_utterances(speakers=("dora",), seed=1)
        parts = [write_toy_records(tmp_path / name, mels) for name, mels in (("one", one), ("two", two))]
        ids = {"anna-0", "anna-2", "carl-3"}
        mean, std = mel_moments([(parts[0], ids), (parts[1], {"dora-1"})])
        chosen = [mel for mels in (one, two) for key, mel in mels.items() if key.id in {*ids, "dora-1"}]
        frames = np.concatenate(chosen)
        assert mean.dtype == std.dtype == np.float32
        np.testing.assert_allclose(mean, frames.mean(axis=0), rtol=1e-5)
        np.testing.assert_allclose(std, frames.std(axis=0), rtol=1e-5)

    def test_mel_moments_weight_all_frames_equally(self, tmp_path):
        mels = toy_utterances(speakers=("anna",), frames=(2, 60))
        records = write_toy_records(tmp_path / "records", mels)
        mean, _ = mel_moments([(records, {key.id for key in mels})])
        by_utterance = np.mean([mel.mean(axis=0) for mel in mels.values()], axis=0)
        assert np.abs(mean - by_utterance).max() > 1e-3

    def test_mel_moments_with_large_offset_are_accurate(self, tmp_path):
        mels = {key: mel / 100 - 18 for key, mel in toy_utterances().items()}
        records = write_toy_records(tmp_path / "records", mels)
        _, std = mel_moments([(records, {key.id for key in mels})])
        np.testing.assert_allclose(std, np.concatenate(list(mels.values())).std(axis=0), rtol=1e-3)

    def test_mel_moments_of_constant_band_have_positive_std(self, tmp_path):
        mels = {key: np.full_like(mel, -18.42) for key, mel in toy_utterances().items()}
        records = write_toy_records(tmp_path / "records", mels)
        _, std = mel_moments([(records, {key.id for key in mels})])
        assert (std > 0).all()

    def test_mel_moments_reject_empty_selection(self, tmp_path):
        records = write_toy_records(tmp_path / "records", toy_utterances())
        with pytest.raises(InputError, match="at least one utterance"):
            mel_moments([(records, set())])


@pytest.mark.parametrize("name", ["utterances.csv", "statistics.npz"])
def test_records_rejects_truncated_table(folder, name):
    (folder / name).write_bytes((folder / name).read_bytes()[:-40])
    with pytest.raises(InputError, match=r"is damaged: .*utterances\.csv"):
        Records(folder)
