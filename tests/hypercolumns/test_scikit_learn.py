"""scikit-learn's estimator checks, and the estimators inside `Pipeline` and `GridSearchCV`."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from ser_fop.errors import InputError
from ser_fop.hypercolumns.feature_selector import FeatureSelector
from ser_fop.hypercolumns.pooled_features import PooledFeatures
from ser_fop.hypercolumns.speaker_svc import SpeakerSVC


@parametrize_with_checks([SpeakerSVC(), FeatureSelector()])
def test_estimator_passes_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def pooled():
    """Return features of which only `h1` separates the classes."""
    generator = np.random.default_rng(0)
    speakers = np.repeat([f"s{number}" for number in range(6)], 20)
    emotions = np.tile(["calm", "cross"], 60)
    noise = generator.normal(size=(120, 3)).astype(np.float32)
    separating = (noise + 2 * (emotions == "cross")[:, None]).astype(np.float32)
    ids = np.array([f"u{number:03d}" for number in range(120)])
    return PooledFeatures(ids=ids, labels=emotions, speakers=speakers, arrays={"F": noise, "h1": separating})


def test_grid_search_selects_feature_and_c_over_speakers(pooled):
    features, slices = pooled.joined()
    search = GridSearchCV(
        Pipeline([("select", FeatureSelector("F", slices)), ("classify", SpeakerSVC())]),
        {"select__feature": ["F", "h1"], "classify__C": [0.1, 1.0]},
        cv=GroupKFold(3),
    )
    search.fit(features, pooled.labels, groups=pooled.speakers)
    assert search.best_params_["select__feature"] == "h1"
    assert search.best_score_ > 0.85


def test_uninformative_feature_scores_chance(pooled):
    accuracies = cross_val_score(
        SpeakerSVC(), pooled.feature("F"), pooled.labels, groups=pooled.speakers, cv=GroupKFold(3)
    )
    assert 0.3 < accuracies.mean() < 0.7


def test_selector_returns_each_joined_feature(pooled):
    features, slices = pooled.joined()
    for name in pooled.arrays:
        np.testing.assert_array_equal(FeatureSelector(name, slices).fit_transform(features), pooled.feature(name))


def test_selector_rejects_unknown_feature_and_narrow_array(pooled):
    features, slices = pooled.joined()
    with pytest.raises(InputError, match="unknown feature 'h3'"):
        FeatureSelector("h3", slices).fit(features)
    with pytest.raises(ValueError, match="ends at column"):
        FeatureSelector("h1", slices).fit(features[:, :4])


def test_probabilities_are_calibrated_on_held_out_speakers():
    """Features that identify the speaker do not generalise, so the calibrated probabilities must be low."""
    generator = np.random.default_rng(1)
    speakers, labels = np.repeat(np.arange(60), 6), np.tile([0, 1], 180)
    centres = generator.normal(size=(60, 2, 80))
    features = centres[speakers, labels] + 0.05 * generator.normal(size=(360, 80))
    without_groups = SpeakerSVC().fit(features, labels).predict_proba(features).max(axis=1).mean()
    with_groups = SpeakerSVC().fit(features, labels, groups=speakers)
    assert with_groups.score(features, labels) == 1.0
    assert without_groups > 0.9 > 0.75 > with_groups.predict_proba(features).max(axis=1).mean()


def test_speaker_svc_clone_keeps_c():
    assert clone(SpeakerSVC(C=3.0)).C == 3.0
