import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from ser_fop.data.datasets import pad_to_batch_count, unlabelled_batches, utterance_batches
from ser_fop.data.labelled_batches import labelled_batches
from ser_fop.data.records import mel_moments
from ser_fop.testing.toy_records import FEATURES, toy_utterances, write_toy_records

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


def every(records):
    return [(records, {row.id for row in records.rows})]


def batches_of(dataset):
    return list(dataset.as_numpy_iterator())


def rows_of(batches):
    """Return the real frames of inputs and targets by utterance; check that padding is at the end."""
    found = []
    for inputs, target, weight in batches:
        for mel, mask, future, counts in zip(inputs["mel"], inputs["mask"], target, weight, strict=True):
            length = mask.sum()
            assert mask[:length].all()
            np.testing.assert_array_equal(counts, mask.astype(np.float32))
            found.append((mel[:length], future[:length]))
    return found


def same_multiset(found, expected):
    def key(array):
        return (len(array), array.tobytes())

    assert sorted(map(key, found)) == sorted(map(key, expected))


def order_of(batches):
    """Return the order of the utterances, as bytes of their first frames."""
    return [mel[0].tobytes() for mel, _ in rows_of(batches)]


class TestUtteranceBatches:
    def test_utterance_batches_hold_each_utterance_once_unchanged(self, records, known):
        found = {}
        for batch in batches_of(utterance_batches(records, known, batch_frames=100)):
            for key, mel, mask in zip(batch["id"], batch["mel"], batch["mask"], strict=True):
                assert key.decode() not in found
                length = len(known[key.decode()])
                np.testing.assert_array_equal(mask, np.arange(len(mask)) < length)
                assert (mel[length:] == 0).all()
                found[key.decode()] = mel[:length]
        assert set(found) == set(known)
        for key, mel in known.items():
            np.testing.assert_array_equal(found[key], mel)

    def test_utterance_batches_hold_only_selected_ids(self, records):
        chosen = {"anna-1", "dora-5", "carl-0"}
        batches = batches_of(utterance_batches(records, chosen, batch_frames=100))
        assert sorted(key.decode() for batch in batches for key in batch["id"]) == sorted(chosen)

    def test_utterance_batches_have_fixed_order(self, records, known):
        orders = [
            [key for batch in batches_of(utterance_batches(records, known, batch_frames=100)) for key in batch["id"]]
            for _ in range(2)
        ]
        assert orders[0] == orders[1]

    @pytest.mark.parametrize("batch_frames", [40, 100, 400])
    def test_utterance_batches_respect_batch_frames(self, records, known, batch_frames):
        batches = batches_of(utterance_batches(records, known, batch_frames=batch_frames))
        sizes = [batch["mask"].size for batch in batches]
        assert max(sizes) <= batch_frames
        if batch_frames > 40:
            assert max(len(batch["id"]) for batch in batches) > 1

    def test_utterance_batches_put_too_long_utterance_in_own_batch(self, records, known):
        batches = batches_of(utterance_batches(records, known, batch_frames=10))
        assert all(len(batch["id"]) == 1 for batch in batches if batch["mask"].size > 10)
        assert sum(len(batch["id"]) for batch in batches) == len(known)

    def test_utterance_batches_reject_empty_selection(self, records):
        with pytest.raises(ValueError, match="at least one utterance"):
            utterance_batches(records, set(), batch_frames=100)


class TestUnlabelledBatches:
    @pytest.mark.parametrize("horizons", [1, 3])
    def test_unlabelled_batches_target_is_frame_at_horizon(self, records, known, horizons):
        rows = rows_of(batches_of(unlabelled_batches(every(records), horizons=(horizons,), **SIZES)))
        same_multiset([mel for mel, _ in rows], [mel[:-horizons] for mel in known.values()])
        same_multiset([target for _, target in rows], [mel[horizons:] for mel in known.values()])
        by_start = {mel[0].tobytes(): mel for mel in known.values()}
        for mel, target in rows:
            np.testing.assert_array_equal(target, by_start[mel[0].tobytes()][horizons:])

    def test_unlabelled_batches_concatenate_targets_of_all_horizons(self, records, known):
        rows = rows_of(batches_of(unlabelled_batches(every(records), horizons=(3, 1), **SIZES)))
        by_start = {mel[0].tobytes(): mel for mel in known.values()}
        assert len(rows) == len(known)
        for mel, target in rows:
            whole = by_start[mel[0].tobytes()]
            np.testing.assert_array_equal(mel, whole[:-3])
            np.testing.assert_array_equal(target, np.concatenate([whole[3:], whole[1:-2]], axis=-1))

    def test_unlabelled_batches_order_depends_on_seed_and_epoch(self, records):
        epoch = tf.Variable(0, dtype=tf.int64)
        dataset, again = (unlabelled_batches(every(records), horizons=(1,), seed=2, epoch=epoch, **SIZES) for _ in "ab")
        orders = []
        for number in (0, 1, 0):
            epoch.assign(number)
            orders.append(order_of(batches_of(dataset)))
        assert orders[0] == orders[2]
        assert orders[0] != orders[1]
        assert sorted(orders[0]) == sorted(orders[1])
        assert order_of(batches_of(again)) == orders[0]  # the number of earlier iterations has no effect
        rest = order_of(batches_of(dataset.skip(2)))
        assert rest == orders[0][-len(rest) :]
        assert int(dataset.skip(2).cardinality()) == int(dataset.cardinality()) - 2
        other = unlabelled_batches(every(records), horizons=(1,), seed=3, epoch=epoch, **SIZES)
        assert order_of(batches_of(other)) != orders[0]

    def test_unlabelled_batches_corruption_seed_depends_on_epoch_and_batch(self, records):
        epoch = tf.Variable(0, dtype=tf.int64)
        seeds = []

        def corruption_fn(mel, seed):
            tf.py_function(lambda value: seeds.append(tuple(value.numpy().tolist())), [seed], [])
            return mel * 0

        common = {"horizons": (1,), "seed": 2, "epoch": epoch, **SIZES}
        plain = unlabelled_batches(every(records), **common)
        masked = unlabelled_batches(every(records), corruption_fn=corruption_fn, **common)
        for number in (0, 1):
            epoch.assign(number)
            for before, after in zip(batches_of(plain), batches_of(masked), strict=True):
                assert not after[0]["mel"].any()
                for one, other in zip((before[0]["mask"], *before[1:]), (after[0]["mask"], *after[1:]), strict=True):
                    np.testing.assert_array_equal(one, other)
        assert len(set(seeds)) == len(seeds) == 2 * int(plain.cardinality())
        whole = sorted(seeds)
        seeds.clear()
        epoch.assign(1)
        rest = batches_of(masked.skip(2))
        assert set(seeds) <= set(whole)  # a resumed epoch uses the same seeds
        assert len(rest) == int(plain.cardinality()) - 2

    @pytest.mark.parametrize("seed", [None, 0])
    def test_unlabelled_batches_hold_each_utterance_once_per_epoch(self, records, known, seed):
        dataset = unlabelled_batches(every(records), horizons=(1,), seed=seed, **SIZES)
        for _ in range(2):
            same_multiset([mel for mel, _ in rows_of(batches_of(dataset))], [mel[:-1] for mel in known.values()])

    def test_unlabelled_batches_respect_batch_size_and_batch_frames(self, records):
        batches = batches_of(unlabelled_batches(every(records), horizons=(1,), batch_size=3, batch_frames=60))
        assert max(len(weight) for _, _, weight in batches) == 3
        assert max(len(weight) * (weight.shape[1] + 1) for _, _, weight in batches) <= 60

    def test_unlabelled_batches_group_similar_lengths(self, records):
        for _, _, weight in batches_of(unlabelled_batches(every(records), horizons=(1,), **SIZES)):
            lengths = weight.sum(axis=1)
            assert np.ptp(lengths) <= 6

    def test_unlabelled_batches_skip_utterances_shorter_than_horizon(self, records, known):
        rows = rows_of(batches_of(unlabelled_batches(every(records), horizons=(9,), **SIZES)))
        long_enough = [mel for mel in known.values() if len(mel) > 9]
        assert 0 < len(long_enough) < len(known)
        same_multiset([mel for mel, _ in rows], [mel[:-9] for mel in long_enough])

    def test_unlabelled_batches_reject_only_short_utterances(self, records):
        with pytest.raises(ValueError, match="at least one utterance"):
            unlabelled_batches(every(records), horizons=(30,), **SIZES)

    def test_unlabelled_batches_join_two_folders(self, records, known, tmp_path):
        others = toy_utterances(speakers=("emil", "fred"), seed=7)
        second = write_toy_records(tmp_path / "records", others, corpus="second", dtype="float16")
        parts = [(records, {"anna-0", "bert-3"}), (second, {key.id for key in others})]
        rows = rows_of(batches_of(unlabelled_batches(parts, horizons=(1,), seed=0, **SIZES)))
        rounded = [mel.astype(np.float16).astype(np.float32)[:-1] for mel in others.values()]
        same_multiset([mel for mel, _ in rows], [known["anna-0"][:-1], known["bert-3"][:-1], *rounded])

    def test_unlabelled_batches_keep_equal_ids_of_two_folders_apart(self, records, known, tmp_path):
        others = toy_utterances(speakers=("anna",), seed=7)
        second = write_toy_records(tmp_path / "records", others, corpus="second")
        parts = [(records, {"anna-0"}), (second, {"anna-1"})]
        rows = rows_of(batches_of(unlabelled_batches(parts, horizons=(1,), **SIZES)))
        expected = next(mel for key, mel in others.items() if key.id == "anna-1")
        same_multiset([mel for mel, _ in rows], [known["anna-0"][:-1], expected[:-1]])


class TestOrder:
    def order(self, records, seed, epochs=1):
        dataset = unlabelled_batches(every(records), horizons=(1,), seed=seed, **SIZES)
        return [order_of(batches_of(dataset)) for _ in range(epochs)]

    def test_order_with_same_seed_is_equal(self, records):
        assert self.order(records, 3, epochs=2) == self.order(records, 3, epochs=2)

    def test_order_with_another_seed_differs(self, records):
        assert self.order(records, 3) != self.order(records, 4)

    def test_order_differs_between_epochs(self, records):
        first, second = self.order(records, 3, epochs=2)
        assert first != second
        assert sorted(first) == sorted(second)

    def test_order_without_seed_is_fixed(self, records):
        first, second = self.order(records, None, epochs=2)
        assert first == second
        assert [first] != self.order(records, 3)


class TestChunks:
    @pytest.mark.parametrize("limit", [7, 12])
    def test_chunks_cover_all_frames_once(self, records, known, limit):
        batches = batches_of(unlabelled_batches(every(records), horizons=(1,), chunk_frames=limit, **SIZES))
        # A chunk is its inputs and the last target.
        chunks = [np.concatenate([mel, target[-1:]]) for mel, target in rows_of(batches)]
        assert max(map(len, chunks)) <= limit
        covered = np.concatenate(chunks)
        whole = np.concatenate(list(known.values()))
        alone = sum(len(mel) % size == 1 for mel in known.values() for size in [_size(len(mel), limit)])
        assert len(covered) == len(whole) - alone  # a chunk of one frame predicts nothing
        frames = {frame.tobytes() for frame in covered}
        assert len(frames) == len(covered)
        assert frames <= {frame.tobytes() for frame in whole}

    def test_chunks_have_equal_lengths(self, records, known):
        batches = batches_of(unlabelled_batches(every(records), horizons=(1,), chunk_frames=12, **SIZES))
        expected = []
        for mel in known.values():
            size = _size(len(mel), 12)
            expected += [len(mel[start : start + size]) for start in range(0, len(mel), size)]
        assert sorted(len(mel) + 1 for mel, _ in rows_of(batches)) == sorted(
            length for length in expected if length > 1
        )

    def test_chunks_respect_batch_frames(self, records):
        batches = batches_of(
            unlabelled_batches(every(records), horizons=(1,), chunk_frames=7, batch_size=50, batch_frames=30)
        )
        assert max(len(weight) * (weight.shape[1] + 1) for _, _, weight in batches) <= 30

    def test_chunks_with_limit_above_all_lengths_change_nothing(self, records):
        plain, chunked = (
            order_of(batches_of(unlabelled_batches(every(records), horizons=(1,), chunk_frames=limit, **SIZES)))
            for limit in (0, 1000)
        )
        assert plain == chunked

    def test_chunks_keep_class_index_of_their_utterance(self, records, known):
        classes = {key: number for number, key in enumerate(sorted(known)[::2])}
        start_of = {}
        for key, mel in known.items():
            size = _size(len(mel), 7)
            start_of |= {mel[first].tobytes(): key for first in range(0, len(mel), size)}
        options = {"horizons": (0,), "chunk_frames": 7, "batch_size": 5, "batch_frames": 100}
        seen = set()
        for inputs, _, _ in batches_of(unlabelled_batches(every(records), classes=classes, **options)):
            for mel, emotion in zip(inputs["mel"], inputs["class_index"], strict=True):
                key = start_of[mel[0].tobytes()]
                assert emotion == classes.get(key, -1)
                seen.add((key, int(emotion)))
        assert {key for key, emotion in seen if emotion >= 0} == set(classes)
        assert len(seen) == len(known)

    def test_pad_to_batch_count_batches_have_no_class(self, records, known):
        batches = unlabelled_batches(every(records), horizons=(0,), classes=dict.fromkeys(known, 1), **SIZES)
        count = int(batches.cardinality())
        *_, (inputs, _, weight) = batches_of(pad_to_batch_count(batches, count + 1))
        np.testing.assert_array_equal(inputs["class_index"], [-1])
        assert not weight.any()
        assert not inputs["mask"].any()


def _size(length, limit):
    return int(np.ceil(length / np.ceil(length / limit)))


class TestCardinality:
    """The number of batches is known before reading, and it is exact."""

    @pytest.mark.parametrize(
        "changes", [{}, {"horizons": (9,)}, {"chunk_frames": 7}, {"chunk_frames": 12, "batch_size": 1}]
    )
    @pytest.mark.parametrize("seed", [None, 0])
    def test_cardinality_of_unlabelled_batches_is_exact(self, records, changes, seed):
        dataset = unlabelled_batches(every(records), **{"horizons": (1,), "seed": seed, **SIZES, **changes})
        assert [len(batches_of(dataset)) for _ in range(2)] == [int(dataset.cardinality())] * 2

    def test_cardinality_of_labelled_and_utterance_batches_is_exact(self, records, mels):
        classes = {key.id: 0 for key in mels if key.label == "sad"}
        labelled = labelled_batches(records, classes, seed=0, **SIZES)
        assert len(batches_of(labelled)) == int(labelled.cardinality())
        plain = utterance_batches(records, classes, batch_frames=70)
        assert len(batches_of(plain)) == int(plain.cardinality())


def test_datasets_turn_autotuning_off(records):
    """With autotuning, an iterator at its end waits for the tuner's next period."""
    for dataset in (
        unlabelled_batches(every(records), horizons=(1,), **SIZES),
        labelled_batches(records, {records.rows[0].id: 0}, **SIZES),
        utterance_batches(records, [records.rows[0].id], batch_frames=70),
    ):
        assert dataset.options().autotune.enabled is False


class TestAugmented:
    @pytest.mark.parametrize("factor", [1, 2])
    def test_labelled_batches_augmented_keep_batches_classes_and_masks(self, records, mels, factor):
        classes = {utterance.id: number for number, utterance in enumerate(mels)}
        lengths = {len(mel) for mel in mels.values()}

        def longer(mel):
            return tf.repeat(mel + 1.0, factor, axis=0)

        plain = batches_of(labelled_batches(records, classes, **SIZES))
        augmented = batches_of(labelled_batches(records, classes, augment_fn=longer, **SIZES))
        assert len(augmented) == len(plain)
        by_class = dict(enumerate(mels.values()))
        seen = []
        for inputs, labels in augmented:
            for mel, mask, label in zip(inputs["mel"], inputs["mask"], labels, strict=True):
                np.testing.assert_allclose(mel[: mask.sum()], np.repeat(by_class[int(label)] + 1.0, factor, axis=0))
                seen.append(int(label))
        assert sorted(seen) == sorted(classes.values())
        assert max(batch[0]["mel"].shape[1] for batch in augmented) == factor * max(lengths)


class TestNormalised:
    @pytest.fixture(scope="class")
    def mels(self):
        drawn = toy_utterances(speakers=("anna", "bert"), per_speaker=3, frames=(5, 9))
        return {key: (3 if key.speaker == "bert" else 1) * mel - 7 for key, mel in drawn.items()}

    def read(self, tmp_path, mels, by):
        features = dataclasses.replace(FEATURES, normalised_by=by)
        records = write_toy_records(tmp_path / by, mels, features=features)
        batches = utterance_batches(records, {key.id for key in mels}, batch_frames=50)
        found = {
            key.decode(): mel[mask]
            for batch in batches.as_numpy_iterator()
            for key, mel, mask in zip(batch["id"], batch["mel"], batch["mask"], strict=True)
        }
        return records, found

    @pytest.mark.parametrize("by", ["speaker", "utterance"])
    def test_normalised_groups_have_zero_mean_and_unit_std(self, tmp_path, mels, by):
        _, found = self.read(tmp_path, mels, by)
        groups = {}
        for key in mels:
            groups.setdefault(key.speaker if by == "speaker" else key.id, []).append(found[key.id])
        for parts in groups.values():
            joined = np.concatenate(parts)
            np.testing.assert_allclose(joined.mean(axis=0), 0, atol=1e-4)
            np.testing.assert_allclose(joined.std(axis=0), 1, atol=1e-3)

    def test_normalised_by_speaker_keeps_differences_of_utterances(self, tmp_path, mels):
        _, found = self.read(tmp_path, mels, "speaker")
        assert max(np.abs(mel.mean(axis=0)).max() for mel in found.values()) > 0.1

    @pytest.mark.parametrize("by", ["none", "speaker", "utterance"])
    def test_normalised_statistics_match_read_frames(self, tmp_path, mels, by):
        records, found = self.read(tmp_path, mels, by)
        chosen = [key.id for key in mels if key.id.endswith(("0", "2"))]
        mean, std = mel_moments([(records, chosen)])
        joined = np.concatenate([found[key] for key in chosen]).astype(np.float64)
        np.testing.assert_allclose(mean, joined.mean(axis=0), atol=1e-4)
        np.testing.assert_allclose(std, joined.std(axis=0), atol=1e-3)

    def test_normalised_constant_utterance_is_not_amplified(self, tmp_path, mels):
        still = {key: np.full_like(mel, -7) for key, mel in mels.items()}
        _, found = self.read(tmp_path, still, "utterance")
        assert max(np.abs(mel).max() for mel in found.values()) < 1e-3
