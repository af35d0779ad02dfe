from fractions import Fraction

import numpy as np
import pytest
import skops.io
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from ser_fop.config.settings import ClassifierSettings
from ser_fop.errors import InputError
from ser_fop.hypercolumns import classifiers as estimators
from ser_fop.hypercolumns.classifiers import (
    calibrate_svm,
    choose_svm,
    fit_forest,
    read_estimator,
    svm_of,
    write_estimator,
)

COSTS = (100.0, 0.1, 1.0, 10.0)


def clusters(per_class=20, *, spread=1.0, seed=0, classes=("angry", "happy", "sad"), flipped=0.0):
    """Draw points around one centre a class, some of them with another class's label."""
    generator = np.random.default_rng(seed)
    labels = np.repeat(classes, per_class)
    centres = 2.0 * np.eye(len(classes), 4)[np.repeat(np.arange(len(classes)), per_class)]
    points = centres + spread * generator.normal(size=(len(labels), 4))
    wrong = generator.random(len(labels)) < flipped
    labels = np.where(wrong, generator.choice(classes, len(labels)), labels)
    return points, labels


class TestChooseSvm:
    def test_validation_decides_though_the_test_would_choose_otherwise(self):
        """Planted: two islands of mislabelled points, which only a large C follows.

        The validation speakers call the islands as the noise in training does, the test
        speakers as the surroundings do.
        """
        generator = np.random.default_rng(0)
        points = generator.uniform(-1, 1, size=(300, 2))
        surroundings = np.where(points[:, 0] > 0, "a", "b")
        islands = np.abs(points[:, 1]) < 0.12
        opposite = np.where(surroundings == "a", "b", "a")
        noisy = np.where(islands, opposite, surroundings)
        svm, accuracy = choose_svm(points, noisy, points[islands], noisy[islands], costs=COSTS)
        on_test = {
            cost: make_pipeline(StandardScaler(), SVC(C=cost)).fit(points, noisy).score(points, surroundings)
            for cost in COSTS
        }
        chosen = svm["svc"].C
        assert chosen == max(accuracy, key=lambda cost: (accuracy[cost], -cost))
        assert on_test[chosen] < max(on_test.values())

    def test_accuracies_are_those_on_the_validation_speakers(self):
        points, labels = clusters(spread=1.5)
        others, other_labels = clusters(spread=1.5, seed=1)
        svm, accuracy = choose_svm(points, labels, others, other_labels, costs=COSTS)
        assert list(accuracy) == sorted(COSTS)
        for cost, value in accuracy.items():
            again = make_pipeline(StandardScaler(), SVC(C=cost)).fit(points, labels)
            assert value == pytest.approx(np.mean(again.predict(others) == other_labels))
        assert svm.fit(points, labels).score(others, other_labels) == max(accuracy.values())

    def test_chooses_alike_where_the_kernel_is_too_large_to_be_held(self, monkeypatch):
        points, labels = clusters(spread=1.5)
        others, other_labels = clusters(spread=1.5, seed=1)
        held, accuracy = choose_svm(points, labels, others, other_labels, costs=COSTS)
        monkeypatch.setattr(estimators, "_MOST_IN_A_KERNEL", len(points) - 1)
        monkeypatch.setattr(estimators, "rbf_kernel", None)
        piecemeal, again = choose_svm(points, labels, others, other_labels, costs=COSTS)
        assert again == pytest.approx(accuracy)
        assert piecemeal["svc"].C == held["svc"].C
        assert not hasattr(piecemeal["svc"], "support_")

    def test_the_smaller_c_wins_a_tie(self):
        points, labels = clusters(spread=0.05)
        svm, accuracy = choose_svm(points, labels, points, labels, costs=COSTS)
        assert set(accuracy.values()) == {1.0}
        assert svm["svc"].C == 0.1

    def test_the_validation_speakers_statistics_are_not_used(self):
        points, labels = clusters(spread=1.5)
        others, other_labels = clusters(spread=1.5, seed=1)
        far = np.concatenate([others, others + 1000])  # they change the mean, and so they would the scale
        _, accuracy = choose_svm(points, labels, far, np.tile(other_labels, 2), costs=COSTS)
        for cost, value in accuracy.items():
            alone = make_pipeline(StandardScaler(), SVC(C=cost)).fit(points, labels)
            assert value == pytest.approx(alone.score(far, np.tile(other_labels, 2)))

    def test_features_that_say_nothing(self):
        _, labels = clusters()
        points = np.ones((len(labels), 4), np.float32)
        _, accuracy = choose_svm(points, labels, points, labels, costs=(1.0,))
        assert accuracy == {1.0: pytest.approx(1 / 3)}

    def test_features_of_any_scale(self):
        points, labels = clusters(spread=0.5)
        scale = np.array([1e-4, 1.0, 1e4, 1.0])
        plain, _ = choose_svm(points, labels, points, labels, costs=(1.0,))
        scaled, _ = choose_svm(points * scale, labels, points * scale, labels, costs=(1.0,))
        plain, scaled = plain.fit(points, labels), scaled.fit(points * scale, labels)
        np.testing.assert_array_equal(plain.predict(points), scaled.predict(points * scale))


class TestCalibrateSvm:
    @pytest.fixture
    def fitted(self):
        points, labels = clusters(spread=0.8)
        speakers = np.tile(np.arange(5), 12)
        svm, _ = choose_svm(points, labels, points, labels, costs=(1.0,))
        return svm, calibrate_svm(svm, points, labels, speakers), points, labels

    def test_the_svm_within_is_fitted_on_everybody(self, fitted):
        svm, calibrated, points, labels = fitted
        alone = clone(svm).fit(points, labels)
        np.testing.assert_array_equal(svm_of(calibrated).decision_function(points), alone.decision_function(points))
        assert not hasattr(svm["svc"], "support_")

    def test_probabilities_sum_to_one(self, fitted):
        _, calibrated, points, _ = fitted
        probabilities = calibrated.predict_proba(points)
        assert probabilities.shape == (60, 3)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-9)
        assert (probabilities >= 0).all()

    def test_probabilities_follow_the_truth(self, fitted):
        _, calibrated, points, labels = fitted
        answers = calibrated.classes_[calibrated.predict_proba(points).argmax(axis=1)]
        assert np.mean(answers == labels) > 0.8
        chosen = calibrated.predict_proba(points)[np.arange(60), np.searchsorted(calibrated.classes_, labels)]
        assert chosen.mean() > 0.6

    @pytest.mark.parametrize("count", [2, 3, 9])
    def test_any_number_of_speakers(self, count):
        points, labels = clusters()
        svm, _ = choose_svm(points, labels, points, labels, costs=(1.0,))
        calibrated = calibrate_svm(svm, points, labels, np.arange(len(labels)) % count)
        np.testing.assert_allclose(calibrated.predict_proba(points).sum(axis=1), 1)

    def test_no_speaker_calibrates_the_svm_that_heard_it(self, monkeypatch):
        points, labels = clusters()
        speakers = np.tile(np.arange(6), 10)
        svm, _ = choose_svm(points, labels, points, labels, costs=(1.0,))
        calibrated = calibrate_svm(svm, points, labels, speakers)
        assert 2 <= len(calibrated.cv) <= 4
        for train, held_out in calibrated.cv:
            assert set(speakers[train]).isdisjoint(speakers[held_out])


class TestForest:
    def test_seed_decides(self):
        points, labels = clusters(spread=2.0)
        settings = ClassifierSettings(rf_trees=20)
        first, second, other = (
            fit_forest(points, labels, settings=settings, seed=seed).predict_proba(points) for seed in (0, 0, 1)
        )
        np.testing.assert_array_equal(first, second)
        assert (first != other).any()

    def test_number_of_trees(self):
        points, labels = clusters()
        forest = fit_forest(points, labels, settings=ClassifierSettings(rf_trees=7), seed=0)
        assert len(forest.estimators_) == 7
        assert forest.score(points, labels) > 0.9


def test_written_estimators_are_read_without_pickle(tmp_path):
    points, labels = clusters()
    svm, _ = choose_svm(points, labels, points, labels, costs=(1.0,))
    calibrated = calibrate_svm(svm, points, labels, np.tile(np.arange(5), 12))
    forest = fit_forest(points, labels, settings=ClassifierSettings(rf_trees=5), seed=0)
    for name, estimator in (("svm", calibrated), ("forest", forest)):
        path = tmp_path / f"{name}.skops"
        write_estimator(path, estimator)
        again = read_estimator(path)
        np.testing.assert_array_equal(again.predict_proba(points), estimator.predict_proba(points))


class TestReadingWhatIsNoClassifier:
    def test_another_type(self, tmp_path):
        path = tmp_path / "estimator.skops"
        skops.io.dump(Fraction(1, 3), path)
        with pytest.raises(InputError, match="holds types that no classifier"):
            read_estimator(path)

    def test_a_damaged_file(self, tmp_path):
        path = tmp_path / "estimator.skops"
        path.write_bytes(b"not a zip file")
        with pytest.raises(InputError, match="cannot be read as a classifier"):
            read_estimator(path)


@pytest.mark.parametrize("speakers", [["a"] * 8, ["a"] * 4 + ["b"] * 4])
def test_calibrates_where_speaker_folds_would_lose_a_class(speakers):
    features = np.random.default_rng(0).normal(size=(8, 3))
    labels = np.array(["x"] * 4 + ["y"] * 4)
    svm, _ = choose_svm(features, labels, features, labels, costs=[1.0])
    probabilities = calibrate_svm(svm, features, labels, np.array(speakers)).predict_proba(features)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
