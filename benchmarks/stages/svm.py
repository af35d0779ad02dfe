"""Training of a support vector machine with probabilities on pooled hypercolumns, including the choice of C."""

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

from benchmarks.harness import Comparison, Contender, compare
from benchmarks.settings import Settings

if TYPE_CHECKING:
    import numpy as np

_SPEAKERS, _CLASSES, _WIDTH = 24, 8, 592
_VALIDATION, _TEST = (20, 21), (22, 23)
# Scale of the class means relative to the noise: the accuracy is above chance and below 100 %.
_SIGNAL = 0.12
_LEAST_ACCURACY = 2 / _CLASSES


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Part:
    features: "np.ndarray"
    labels: "np.ndarray"
    speakers: "np.ndarray"


def run(settings: Settings) -> list[Comparison]:
    each = 12 if settings.quick else 60
    options = {"each": each}
    contenders = [
        Contender(name="ser_fop classify: choose_svm, calibrate_svm", setup=_ours, options=options),
        Contender(name="GridSearchCV(SVC(probability=True), cv=5)", setup=_grid_search, options=options),
        Contender(name="SVC(kernel='linear'), no search, no probabilities", setup=_linear, options=options),
    ]
    title = (
        f"{_SPEAKERS * each} x {_WIDTH} features of {_SPEAKERS} speakers and {_CLASSES} classes, two speakers to test:"
        " standardised, fitted, four values of C tried (ours by two validation speakers, `GridSearchCV` by five folds),"
        " probabilities of the test speakers"
    )
    return [compare("svm", title, contenders, unit="fits / s", rounds=settings.rounds, whole=1)]


def _ours(each: int) -> Callable[[], float]:
    from ser_fop.config.settings import ClassifierSettings
    from ser_fop.hypercolumns.classifiers import calibrate_svm, choose_svm, svm_of

    train, validation, test = _parts(each)
    costs = ClassifierSettings().svm_c

    def work() -> float:
        svm, _ = choose_svm(train.features, train.labels, validation.features, validation.labels, costs=costs)
        estimator = calibrate_svm(svm, train.features, train.labels, train.speakers)
        estimator.predict_proba(test.features)
        return _checked(svm_of(estimator).predict(test.features), test)

    return work


def _grid_search(each: int) -> Callable[[], float]:
    import warnings

    import numpy as np
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    from ser_fop.config.settings import ClassifierSettings

    train, validation, test = _parts(each)
    features = np.concatenate([train.features, validation.features])
    labels = np.concatenate([train.labels, validation.labels])
    grid = {"svc__C": ClassifierSettings().svm_c}
    warnings.filterwarnings("ignore", category=FutureWarning)  # deprecated, but still widely used

    def work() -> float:
        search = GridSearchCV(make_pipeline(StandardScaler(), SVC(probability=True, random_state=0)), grid, cv=5)
        search.fit(features, labels)
        search.predict_proba(test.features)
        return _checked(search.predict(test.features), test)

    return work


def _linear(each: int) -> Callable[[], float]:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    train, _, test = _parts(each)

    def work() -> float:
        svm = make_pipeline(StandardScaler(), SVC(kernel="linear")).fit(train.features, train.labels)
        return _checked(svm.predict(test.features), test)

    return work


def _parts(each: int) -> tuple[_Part, _Part, _Part]:
    """Return the data of the training, validation and test speakers: standard normal features, shifted by class."""
    import numpy as np

    generator = np.random.default_rng(0)
    speakers = np.repeat(np.arange(_SPEAKERS), each)
    labels = np.arange(len(speakers)) % _CLASSES
    means = _SIGNAL * generator.normal(size=(_CLASSES, _WIDTH))
    features = (generator.normal(size=(len(speakers), _WIDTH)) + means[labels]).astype(np.float32)
    test, validation = np.isin(speakers, _TEST), np.isin(speakers, _VALIDATION)
    chosen = (~test & ~validation, validation, test)
    return tuple(_Part(features=features[one], labels=labels[one], speakers=speakers[one]) for one in chosen)


def _checked(predicted: "np.ndarray", test: _Part) -> float:
    """Return one fit, and assert that its accuracy is above chance."""
    accuracy = float((predicted == test.labels).mean())
    assert accuracy > _LEAST_ACCURACY, f"accuracy {accuracy:.2f}, chance is {1 / _CLASSES:.2f}"
    return 1.0
