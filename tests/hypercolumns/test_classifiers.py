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
    fit_weighted,
    read_estimator,
    svm_of,
    write_estimator,
)

COSTS = (100.0, 0.1, 1.0, 10.0)


def clusters(per_class=20, *, spread=1.0, seed=0, classes=("angry", "happy", "sad"), flipped=0.0):
    """Draw points around one centre per class, and give a share of them the label of another class."""
    generator = np.random.default_rng(seed)
    labels = np.repeat(classes, per_class)
    centres = 2.0 * np.eye(len(classes), 4)[np.repeat(np.arange(len(classes)), per_class)]
    points = centres + spread * generator.normal(size=(len(labels), 4))
    relabelled = generator.random(len(labels)) < flipped
    labels = np.where(relabelled, generator.choice(classes, len(labels)), labels)
    return points, labels


class TestChooseSvm:
    def test_c_is_chosen_on_validation_not_on_test(self):
        """Only a large C fits the band of mislabelled points in the training data.

        The validation points lie in the band and have its labels. The test points have the
        labels of the surroundings, so that a smaller C would be better there.
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

    def test_accuracy_by_c_is_measured_on_validation(self):
        points, labels = clusters(spread=1.5)
        others, other_labels = clusters(spread=1.5, seed=1)
        svm, accuracy = choose_svm(points, labels, others, other_labels, costs=COSTS)
        assert list(accuracy) == sorted(COSTS)
        for cost, value in accuracy.items():
            again = make_pipeline(StandardScaler(), SVC(C=cost)).fit(points, labels)
            assert value == pytest.approx(np.mean(again.predict(others) == other_labels))
        assert svm.fit(points, labels).score(others, other_labels) == max(accuracy.values())

    def test_same_choice_when_kernel_is_too_large_for_memory(self, monkeypatch):
        points, labels = clusters(spread=1.5)
        others, other_labels = clusters(spread=1.5, seed=1)
        precomputed, accuracy = choose_svm(points, labels, others, other_labels, costs=COSTS)
        monkeypatch.setattr(estimators, "_MAX_KERNEL_UTTERANCES", len(points) - 1)
        monkeypatch.setattr(estimators, "rbf_kernel", None)
        direct, again = choose_svm(points, labels, others, other_labels, costs=COSTS)
        assert again == pytest.approx(accuracy)
        assert direct["svc"].C == precomputed["svc"].C
        assert not hasattr(direct["svc"], "support_")

    def test_smaller_c_wins_a_tie(self):
        points, labels = clusters(spread=0.05)
        svm, accuracy = choose_svm(points, labels, points, labels, costs=COSTS)
        assert set(accuracy.values()) == {1.0}
        assert svm["svc"].C == 0.1

    def test_scaler_ignores_validation_statistics(self):
        points, labels = clusters(spread=1.5)
        others, other_labels = clusters(spread=1.5, seed=1)
        far = np.concatenate([others, others + 1000])  # would change mean and scale
        _, accuracy = choose_svm(points, labels, far, np.tile(other_labels, 2), costs=COSTS)
        for cost, value in accuracy.items():
            alone = make_pipeline(StandardScaler(), SVC(C=cost)).fit(points, labels)
            assert value == pytest.approx(alone.score(far, np.tile(other_labels, 2)))

    def test_constant_features_score_chance(self):
        _, labels = clusters()
        points = np.ones((len(labels), 4), np.float32)
        _, accuracy = choose_svm(points, labels, points, labels, costs=(1.0,))
        assert accuracy == {1.0: pytest.approx(1 / 3)}

    def test_predictions_do_not_depend_on_feature_scale(self):
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

    def test_svm_is_fitted_on_all_training_utterances(self, fitted):
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

    def test_probabilities_agree_with_labels(self, fitted):
        _, calibrated, points, labels = fitted
        predicted = calibrated.classes_[calibrated.predict_proba(points).argmax(axis=1)]
        assert np.mean(predicted == labels) > 0.8
        chosen = calibrated.predict_proba(points)[np.arange(60), np.searchsorted(calibrated.classes_, labels)]
        assert chosen.mean() > 0.6

    @pytest.mark.parametrize("count", [2, 3, 9])
    def test_calibration_works_with_any_number_of_speakers(self, count):
        points, labels = clusters()
        svm, _ = choose_svm(points, labels, points, labels, costs=(1.0,))
        calibrated = calibrate_svm(svm, points, labels, np.arange(len(labels)) % count)
        np.testing.assert_allclose(calibrated.predict_proba(points).sum(axis=1), 1)

    def test_calibration_folds_are_speaker_disjoint(self, monkeypatch):
        points, labels = clusters()
        speakers = np.tile(np.arange(6), 10)
        svm, _ = choose_svm(points, labels, points, labels, costs=(1.0,))
        calibrated = calibrate_svm(svm, points, labels, speakers)
        assert 2 <= len(calibrated.cv) <= 4
        for train, held_out in calibrated.cv:
            assert set(speakers[train]).isdisjoint(speakers[held_out])


class TestForest:
    def test_forest_depends_on_seed_only(self):
        points, labels = clusters(spread=2.0)
        settings = ClassifierSettings(rf_trees=20)
        first, second, other = (
            fit_forest(points, labels, settings=settings, seed=seed).predict_proba(points) for seed in (0, 0, 1)
        )
        np.testing.assert_array_equal(first, second)
        assert (first != other).any()

    def test_forest_has_requested_number_of_trees(self):
        points, labels = clusters()
        forest = fit_forest(points, labels, settings=ClassifierSettings(rf_trees=7), seed=0)
        assert len(forest.estimators_) == 7
        assert forest.score(points, labels) > 0.9


def test_written_estimator_is_compressed(tmp_path):
    forest = fit_forest(*clusters(), settings=ClassifierSettings(rf_trees=20), seed=0)
    write_estimator(tmp_path / "small.skops", forest)
    skops.io.dump(forest, tmp_path / "large.skops")
    assert (tmp_path / "small.skops").stat().st_size < 0.5 * (tmp_path / "large.skops").stat().st_size


def test_read_estimator_restores_written_estimator(tmp_path):
    points, labels = clusters()
    svm, _ = choose_svm(points, labels, points, labels, costs=(1.0,))
    calibrated = calibrate_svm(svm, points, labels, np.tile(np.arange(5), 12))
    forest = fit_forest(points, labels, settings=ClassifierSettings(rf_trees=5), seed=0)
    for name, estimator in (("svm", calibrated), ("forest", forest)):
        path = tmp_path / f"{name}.skops"
        write_estimator(path, estimator)
        again = read_estimator(path)
        np.testing.assert_array_equal(again.predict_proba(points), estimator.predict_proba(points))


class TestReadEstimatorErrors:
    def test_foreign_type_is_rejected(self, tmp_path):
        path = tmp_path / "estimator.skops"
        skops.io.dump(Fraction(1, 3), path)
        with pytest.raises(InputError, match=r"expected scikit-learn types only, received fractions\.Fraction"):
            read_estimator(path)

    def test_damaged_file_is_rejected(self, tmp_path):
        path = tmp_path / "estimator.skops"
        path.write_bytes(b"not a zip file")
        with pytest.raises(InputError, match="cannot be read as a classifier"):
            read_estimator(path)


class TestWeights:
    @pytest.fixture(scope="class")
    def doubled(self):
        """Points and labels; whether a point counts twice; and the points with these repeated."""
        points, labels = clusters(spread=1.5)
        twice = np.random.default_rng(1).random(len(labels)) < 0.5
        order = np.sort(np.r_[np.arange(len(labels)), np.flatnonzero(twice)])
        return points, labels, 1.0 + twice, points[order], labels[order]

    def test_weighted_svm_is_that_of_repeated_points(self, doubled):
        points, labels, weights, more_points, more_labels = doubled
        weighted = fit_weighted(make_pipeline(SVC(gamma=0.1)), points, labels, weights)
        repeated, plain = (
            SVC(gamma=0.1).fit(*data).decision_function(points)
            for data in ((more_points, more_labels), (points, labels))
        )
        np.testing.assert_allclose(weighted.decision_function(points), repeated, atol=0.01)
        assert abs(plain - repeated).max() > 0.02  # counter-case

    def test_choice_and_calibration_use_weights(self, doubled):
        points, labels, weights, *_ = doubled
        speakers = np.arange(len(labels)) % 5
        fitted = {}
        for name, one in (("none", None), ("ones", np.ones(len(labels))), ("weights", weights * 10)):
            svm, accuracy = choose_svm(points, labels, points, labels, costs=(0.01,), weights=one)
            calibrated = calibrate_svm(svm, points, labels, speakers, weights=one)
            assert accuracy[0.01] == svm_of(calibrated).score(points, labels)
            fitted[name] = calibrated.predict_proba(points)
        np.testing.assert_allclose(fitted["ones"], fitted["none"], atol=1e-6)
        assert abs(fitted["weights"] - fitted["none"]).max() > 0.01  # counter-case

    def test_forest_and_pipeline_use_weights(self, doubled):
        points, labels, weights, *_ = doubled
        settings = ClassifierSettings(rf_trees=5)
        plain, weighted = (
            fit_forest(points, labels, settings=settings, seed=0, weights=one).predict_proba(points)
            for one in (None, np.where(labels == "sad", 9.0, 1.0))
        )
        assert abs(plain - weighted).max() > 0.05
        one, other = (
            fit_weighted(make_pipeline(StandardScaler(), SVC()), points, labels, weights=values)
            for values in (None, weights)
        )
        assert abs(one.decision_function(points) - other.decision_function(points)).max() > 0.001

    def test_c_is_chosen_by_the_given_accuracy(self):
        points, labels = clusters()
        _, accuracy = choose_svm(
            points, labels, points, labels, costs=COSTS, accuracy_of=lambda svm, x, y: float(svm.C == 10.0)
        )
        assert accuracy == {0.1: 0.0, 1.0: 0.0, 10.0: 1.0, 100.0: 0.0}


@pytest.mark.filterwarnings("error")
def test_calibrate_svm_names_fold_and_class_with_one_utterance():
    features = np.random.default_rng(0).normal(size=(7, 3))
    labels = np.array(["x"] * 3 + ["y"] * 3 + ["fear"])
    svm, _ = choose_svm(features, labels, features, labels, costs=[1.0])
    with pytest.raises(InputError, match=r"^fold 2: .*at least two training utterances .*received one of 'fear'"):
        calibrate_svm(svm, features, labels, np.array(list("abcabcc")), name="fold 2")


@pytest.mark.parametrize("speakers", [["a"] * 8, ["a"] * 4 + ["b"] * 4])
def test_calibration_works_when_speaker_folds_lose_a_class(speakers):
    features = np.random.default_rng(0).normal(size=(8, 3))
    labels = np.array(["x"] * 4 + ["y"] * 4)
    svm, _ = choose_svm(features, labels, features, labels, costs=[1.0])
    probabilities = calibrate_svm(svm, features, labels, np.array(speakers)).predict_proba(features)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
