"""A support vector machine whose probabilities are fitted on speakers left out."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from ser_fop.hypercolumns.classifiers import calibrate_svm, svm_of


class SpeakerSVC(ClassifierMixin, BaseEstimator):
    """Standardised features, an RBF SVM, and probabilities calibrated over speaker folds.

    The answer is the SVM's own; the probabilities are Platt's, fitted on speakers left out in turn, where `fit` is
    told who speaks: as `groups`, which `GridSearchCV` and `Pipeline` pass on where metadata is routed
    (`sklearn.set_config(enable_metadata_routing=True)` and `SpeakerSVC().set_fit_request(groups=True)`). Elsewhere
    `groups` reaches the splitter alone, and every utterance counts as a speaker of its own: the answers are the
    same, the probabilities too sure for other speakers.

    Args:
        C: Inverse strength of the regularisation.

    Attributes:
        classes_: The classes, sorted.
    """

    def __init__(self, C: float = 1.0) -> None:
        self.C = C

    def fit(self, X: Any, y: Any, groups: Any = None) -> "SpeakerSVC":
        """Fit on features (utterances, width), labels and, if known, speakers (utterances,)."""
        X, y = validate_data(self, X, y)
        check_classification_targets(y)
        self.classes_ = np.unique(y)
        if len(self.classes_) < 2:
            raise ValueError(
                f"SpeakerSVC needs samples of at least 2 classes, received one class: {self.classes_[0]!r}."
            )
        speakers = np.arange(len(y)) if groups is None else np.asarray(groups)
        self.calibrated_ = calibrate_svm(make_pipeline(StandardScaler(), SVC(C=self.C)), X, y, speakers)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return the SVM's answers, (utterances,)."""
        check_is_fitted(self)
        return svm_of(self.calibrated_).predict(validate_data(self, X, reset=False))

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return calibrated probabilities, (utterances, classes)."""
        check_is_fitted(self)
        return self.calibrated_.predict_proba(validate_data(self, X, reset=False))
