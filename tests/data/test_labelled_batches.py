import numpy as np
import pytest

from ser_fop.corpora.label_map import LabelMap
from ser_fop.data.joined_records import JoinedRecords
from ser_fop.data.labelled_batches import labelled_batches
from ser_fop.testing.toy_records import toy_utterances, write_toy_records
from tests.data.test_datasets import batches_of, same_multiset

SIZES = {"batch_size": 4, "batch_frames": 100}


@pytest.fixture(scope="module")
def mels():
    return toy_utterances(speakers=("anna", "bert", "carl", "dora"), per_speaker=6)


@pytest.fixture(scope="module")
def records(mels, tmp_path_factory):
    return write_toy_records(tmp_path_factory.mktemp("toy") / "records", mels, shards=3)


@pytest.fixture(scope="module")
def known(mels):
    """Return the log-mels by id."""
    return {utterance.id: mel for utterance, mel in mels.items()}


class TestLabelledBatches:
    def test_labelled_batches_join_classes_by_id(self, records, known):
        classes = {key: number for number, key in enumerate(sorted(known))}
        by_start = {mel.tobytes(): key for key, mel in known.items()}
        seen = []
        for inputs, index in batches_of(labelled_batches(records, classes, seed=1, **SIZES)):
            assert index.dtype == np.int32
            for mel, mask, label in zip(inputs["mel"], inputs["mask"], index, strict=True):
                key = by_start[mel[mask].tobytes()]
                assert label == classes[key]
                seen.append(key)
        assert sorted(seen) == sorted(known)

    def test_labelled_batches_join_dimensional_labels_by_id(self, records, known):
        classes = {key: number for number, key in enumerate(sorted(known))}
        dimensional_labels = {key: (float(number), np.nan) for key, number in classes.items()}
        for inputs, index in batches_of(
            labelled_batches(records, classes, seed=1, more_inputs={"dimensional_labels": dimensional_labels}, **SIZES)
        ):
            np.testing.assert_array_equal(inputs["dimensional_labels"][:, 0], index)
            assert np.isnan(inputs["dimensional_labels"][:, 1]).all()

    def test_labelled_batches_skip_utterances_without_class(self, records, mels, known):
        classes = {key.id: int(key.label == "sad") for key in mels if key.label}
        batches = batches_of(labelled_batches(records, classes, **SIZES))
        found = [mel[mask] for inputs, _ in batches for mel, mask in zip(inputs["mel"], inputs["mask"], strict=True)]
        assert len(classes) < len(known)
        same_multiset(found, [known[key] for key in classes])
        assert sum(index.sum() for _, index in batches) == sum(classes.values())

    def test_labelled_batches_order_depends_on_seed(self, records, mels):
        classes = {key.id: number for number, key in enumerate(mels)}

        def order(seed):
            batches = batches_of(labelled_batches(records, classes, seed=seed, **SIZES))
            return [int(label) for _, index in batches for label in index]

        assert order(2) == order(2) != order(3)
        assert order(None) == order(None)

    def test_labelled_batches_respect_batch_frames(self, records, mels):
        classes = {key.id: 0 for key in mels}
        batches = batches_of(labelled_batches(records, classes, batch_size=50, batch_frames=64))
        assert max(inputs["mask"].size for inputs, _ in batches) <= 64

    def test_labelled_batches_join_weights_by_id(self, records, known):
        classes = {key: number for number, key in enumerate(sorted(known))}
        weights = {key: 0.5 + number for key, number in classes.items()}
        for _, index, weight in batches_of(labelled_batches(records, classes, seed=1, weights=weights, **SIZES)):
            np.testing.assert_array_equal(weight, index + 0.5)

    def test_labelled_batches_of_joined_records_keep_equal_ids_apart(self, records, known, tmp_path):
        """Both corpora have the same ids, with other log-mels."""
        others = toy_utterances(speakers=("anna", "bert"), per_speaker=6, seed=1)
        second = write_toy_records(tmp_path / "second", others, corpus="second")
        joined = JoinedRecords([records, second], LabelMap({"happy": [], "sad": []}, source="map"))
        held = {f"toy:{key}": mel for key, mel in known.items()}
        held |= {f"second:{utterance.id}": mel for utterance, mel in others.items()}
        classes = {key: number for number, key in enumerate(held)}
        by_class = list(held.values())
        count = 0
        for inputs, index in batches_of(labelled_batches(joined, classes, seed=1, **SIZES)):
            for mel, mask, label in zip(inputs["mel"], inputs["mask"], index, strict=True):
                np.testing.assert_array_equal(mel[mask], by_class[label])
                count += 1
        assert count == len(known) + len(others) == len(held)
