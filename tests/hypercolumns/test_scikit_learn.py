"""The estimators over pooled arrays against scikit-learn's own checks, and composed as its users compose them."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from ser_fop.errors import InputError
from ser_fop.hypercolumns.feature_selector import FeatureSelector
from ser_fop.hypercolumns.pooled import PooledFeatures
from ser_fop.hypercolumns.speaker_svc import SpeakerSVC


@parametrize_with_checks([SpeakerSVC(), FeatureSelector()])
def test_follows_scikit_learn(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def pooled():
    """Return features of which `h1` alone tells the classes apart."""
    generator = np.random.default_rng(0)
    speakers = np.repeat([f"s{number}" for number in range(6)], 20)
    emotions = np.tile(["calm", "cross"], 60)
    noise = generator.normal(size=(120, 3)).astype(np.float32)
    telling = (noise + 2 * (emotions == "cross")[:, None]).astype(np.float32)
    ids = np.array([f"u{number:03d}" for number in range(120)])
    return PooledFeatures(ids=ids, emotions=emotions, speakers=speakers, arrays={"F": noise, "h1": telling})


def test_features_and_costs_are_searched_over_speakers(pooled):
    features, slices = pooled.joined()
    search = GridSearchCV(
        Pipeline([("select", FeatureSelector("F", slices)), ("classify", SpeakerSVC())]),
        {"select__feature": ["F", "h1"], "classify__C": [0.1, 1.0]},
        cv=GroupKFold(3),
    )
    search.fit(features, pooled.emotions, groups=pooled.speakers)
    assert search.best_params_["select__feature"] == "h1"
    assert search.best_score_ > 0.85


def test_a_feature_that_tells_nothing_scores_chance(pooled):
    found = cross_val_score(
        SpeakerSVC(), pooled.feature("F"), pooled.emotions, groups=pooled.speakers, cv=GroupKFold(3)
    )
    assert 0.3 < found.mean() < 0.7


def test_joined_features_are_found_again(pooled):
    features, slices = pooled.joined()
    for name in pooled.arrays:
        np.testing.assert_array_equal(FeatureSelector(name, slices).fit_transform(features), pooled.feature(name))


def test_an_unknown_feature_is_refused(pooled):
    features, slices = pooled.joined()
    with pytest.raises(InputError, match="unknown feature 'h3'"):
        FeatureSelector("h3", slices).fit(features)
    with pytest.raises(ValueError, match="ends at column"):
        FeatureSelector("h1", slices).fit(features[:, :4])


def test_probabilities_are_calibrated_on_speakers_left_out():
    """Features that name the speaker fit the training data and no other speaker: the probabilities must know."""
    generator = np.random.default_rng(1)
    speakers, told = np.repeat(np.arange(60), 6), np.tile([0, 1], 180)
    own = generator.normal(size=(60, 2, 80))
    features = own[speakers, told] + 0.05 * generator.normal(size=(360, 80))
    blind = SpeakerSVC().fit(features, told).predict_proba(features).max(axis=1).mean()
    knowing = SpeakerSVC().fit(features, told, groups=speakers)
    assert knowing.score(features, told) == 1.0
    assert blind > 0.9 > 0.75 > knowing.predict_proba(features).max(axis=1).mean()


def test_clones():
    assert clone(SpeakerSVC(C=3.0)).C == 3.0
