import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from ser_fop.hypercolumns.answers import answers_among, probabilities_in_order

LABELS = np.array(["sad", "happy", "angry", "calm"])  # not sorted, and without utterances of `calm`


def clusters(classes=("angry", "happy", "sad"), seed=0):
    generator = np.random.default_rng(seed)
    labels = np.repeat(classes, 20)
    return np.repeat(np.eye(len(classes), 4), 20, axis=0) + 0.5 * generator.normal(size=(len(labels), 4)), labels


@pytest.fixture(params=["svm", "forest"])
def fitted(request):
    estimator = (
        make_pipeline(StandardScaler(), SVC()) if request.param == "svm" else RandomForestClassifier(25, random_state=0)
    )
    return estimator.fit(*clusters())


def test_answers_among_all_classes_are_those_of_the_classifier(fitted):
    features, _ = clusters(seed=1)
    found = answers_among(fitted, features, LABELS, np.ones((len(features), 4), bool))
    np.testing.assert_array_equal(found, fitted.predict(features))


def test_answers_are_known_classes_only(fitted):
    features, labels = clusters(seed=1)
    known = np.tile(LABELS != "sad", (len(features), 1))
    found = answers_among(fitted, features, LABELS, known)
    assert set(found) == {"angry", "happy"}
    assert "sad" in fitted.predict(features)  # counter-case
    kept = fitted.predict(features) != "sad"
    np.testing.assert_array_equal(found[kept], fitted.predict(features)[kept])
    assert set(labels) == {"angry", "happy", "sad"}


def test_class_without_training_utterances_is_the_answer_only_alone(fitted):
    features, _ = clusters(seed=1)
    for names, expected in ((("sad", "calm"), {"sad"}), (("calm",), {"calm"})):
        assert set(answers_among(fitted, features, LABELS, np.tile(np.isin(LABELS, names), (60, 1)))) == expected


def test_two_classes_have_one_decision():
    features, labels = clusters(("angry", "sad"))
    svm = make_pipeline(StandardScaler(), SVC()).fit(features, labels)
    everything = np.ones((len(features), 4), bool)
    np.testing.assert_array_equal(answers_among(svm, features, LABELS, everything), svm.predict(features))
    assert set(answers_among(svm, features, LABELS, everything & (LABELS != "sad"))) == {"angry"}


def test_probabilities_have_the_order_of_the_labels():
    features, labels = clusters()
    forest = RandomForestClassifier(10, random_state=0).fit(features, labels)
    found = probabilities_in_order(forest, features, LABELS)
    np.testing.assert_array_equal(found[:, :3], forest.predict_proba(features)[:, ::-1])
    assert not found[:, 3].any()
