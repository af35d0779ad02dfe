import numpy as np
import pytest
import tensorflow as tf

from ser_fop.data.drawing import check_rendition_share, draw_by_epoch, draw_each_time
from ser_fop.errors import InputError
from ser_fop.testing.toy_records import toy_utterances, write_toy_records

IDS = [f"utterance-{number}" for number in range(600)]


@pytest.fixture
def epoch():
    return tf.Variable(0, dtype=tf.int64)


def copies(draw_fn, renditions=3):
    return np.array([int(draw_fn(tf.constant(name), renditions)) for name in IDS])


def test_draw_by_epoch_depends_on_seed_epoch_and_id(epoch):
    first, other_seed = (copies(draw_by_epoch(0.75, seed=seed, epoch=epoch)) for seed in (1, 2))
    np.testing.assert_array_equal(first, copies(draw_by_epoch(0.75, seed=1, epoch=epoch)))
    epoch.assign(1)
    assert (copies(draw_by_epoch(0.75, seed=1, epoch=epoch)) != first).mean() > 0.5
    assert (other_seed != first).mean() > 0.5


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_draws_have_the_share_of_renditions_and_use_each_equally(epoch, share):
    tf.random.set_seed(0)
    for draw_fn in (draw_by_epoch(share, seed=0, epoch=epoch), draw_each_time(share)):
        counts = np.bincount(copies(draw_fn), minlength=4) / len(IDS)
        assert counts[0] == pytest.approx(1 - share, abs=0.06)
        np.testing.assert_allclose(counts[1:], share / 3, atol=0.06)


def test_records_without_renditions_are_read_as_they_are(epoch):
    assert not copies(draw_by_epoch(1.0, seed=0, epoch=epoch), renditions=0).any()


@pytest.mark.parametrize(
    ("share", "service", "message"), [(1.5, "", "a share from 0 to 1"), (0.5, "", "has none.*--renditions 4")]
)
def test_check_rendition_share_rejects_unusable_shares(tmp_path, share, service, message):
    records = write_toy_records(tmp_path / "records", toy_utterances())
    check_rendition_share(0.0, [records])
    with pytest.raises(InputError, match=message):
        check_rendition_share(share, [records], service=service)
