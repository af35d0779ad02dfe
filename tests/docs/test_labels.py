"""The curve of labelled speakers: it is drawn from the stored figures, and a point is measured on test speakers only."""

import json

import numpy as np
import pytest

from ser_fop.hypercolumns.pooled_features import PooledFeatures


@pytest.fixture
def module(script):
    return script("update_labels")


def test_picture_shows_the_stored_figures(module):
    found = json.loads(module.RESULT.read_text(encoding="utf-8"))
    assert module.plot(found) == (module.PICTURES / "labels.svg").read_text(encoding="utf-8").rstrip("\n")


def test_more_labelled_speakers_give_better_features(module):
    generator = np.random.default_rng(0)
    speakers = np.repeat([f"s{number}" for number in range(6)], 40)
    labels = np.tile(["a", "b"], 120)
    # The emotion is in the first column; the other columns are those of the speaker.
    voices = np.repeat(3 * generator.normal(size=(6, 8)), 40, axis=0)
    values = np.column_stack(
        [2 * (labels == "a") + generator.normal(size=240), voices + generator.normal(size=(240, 8))]
    )
    pooled = PooledFeatures(
        ids=np.arange(240).astype(str), labels=labels, speakers=speakers, arrays={"h1": values.astype(np.float32)}
    )
    folds = [(("s0", "s1"), ("s2", "s3", "s4", "s5")), (("s2", "s3"), ("s0", "s1", "s4", "s5"))]
    point = module.curve_point(pooled, "h1", folds, 4)
    assert point["speakers"] == 4
    assert 0.7 < point["low"] <= point["ua"] <= point["high"] <= 1
