import numpy as np
import pytest
import tensorflow as tf
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

from ser_fop.config.settings import ClassifierSettings
from ser_fop.errors import InputError
from ser_fop.hypercolumns.classifiers import calibrate_svm, choose_svm, fit_forest
from ser_fop.inference.heads import head_of

WIDTH, TRAINED = 12, 200


def points(classes):
    features, labels = make_classification(
        400, WIDTH, n_informative=8, n_classes=classes, class_sep=0.8, random_state=classes
    )
    return 3 + features.astype(np.float32), np.array([f"class {label}" for label in labels])


def fitted(kind, features, labels):
    if kind == "svm":
        svm, _ = choose_svm(features, labels, features, labels, costs=(1.0,))
        return calibrate_svm(svm, features, labels, np.arange(len(labels)) % 5)
    if kind == "forest":
        return fit_forest(features, labels, settings=ClassifierSettings(rf_trees=30), seed=0)
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(features, labels)


@pytest.mark.parametrize("classes", [2, 3, 8])
@pytest.mark.parametrize("kind", ["svm", "forest", "logistic"])
def test_head_equals_scikit_learn(kind, classes):
    features, labels = points(classes)
    estimator = fitted(kind, features[:TRAINED], labels[:TRAINED])
    rest = features[TRAINED:]
    probabilities, answer = head_of(estimator)(tf.constant(rest))
    np.testing.assert_allclose(probabilities, estimator.predict_proba(rest), atol=1e-5)
    own = estimator.calibrated_classifiers_[0].estimator if kind == "svm" else estimator
    np.testing.assert_array_equal(estimator.classes_[answer.numpy()], own.predict(rest))
    assert len(set(answer.numpy())) == classes


def test_svm_head_prediction_can_differ_from_most_probable_class():
    features, labels = points(8)
    probabilities, answer = head_of(fitted("svm", features[:TRAINED], labels[:TRAINED]))(
        tf.constant(features[TRAINED:])
    )
    assert np.any(answer.numpy() != probabilities.numpy().argmax(axis=1))


def test_head_of_rejects_unsupported_estimators():
    features, labels = points(2)
    with pytest.raises(InputError, match="received LinearSVC"):
        head_of(LinearSVC().fit(features, labels))
    linear = make_pipeline(StandardScaler(), SVC(kernel="linear")).fit(features, labels)
    with pytest.raises(InputError, match="expected an SVM with an RBF kernel, received 'linear'"):
        head_of(calibrate_svm(linear, features, labels, np.arange(len(labels)) % 5))
