"""A support vector machine with probabilities calibrated on held-out speakers."""

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
    """An RBF SVM on standardised features, with probabilities calibrated by cross-validation over speakers.

    `predict` returns the predictions of the SVM. `predict_proba` returns Platt's probabilities,
    which are fitted on held-out speakers if `fit` receives the speakers as `groups`.

    `GridSearchCV` and `Pipeline` pass `groups` to `fit` only with metadata routing:
    `sklearn.set_config(enable_metadata_routing=True)` and
    `SpeakerSVC().set_fit_request(groups=True)`. Without it, only the splitter receives
    `groups`, and each utterance counts as a separate speaker. The predictions are then the
    same, but the probabilities are overconfident for new speakers.

    Args:
        C: Inverse strength of the regularisation.

    Attributes:
        classes_: The classes, sorted.
    """

    def __init__(self, C: float = 1.0) -> None:
        self.C = C

    def fit(self, X: Any, y: Any, groups: Any = None) -> "SpeakerSVC":
        """Fit the SVM and its probabilities.

        Args:
            X: Features, (utterances, width).
            y: Labels, (utterances,).
            groups: Speakers, (utterances,), or None if they are unknown.
        """
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
        """Return the predicted classes, (utterances,)."""
        check_is_fitted(self)
        return svm_of(self.calibrated_).predict(validate_data(self, X, reset=False))

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the calibrated probabilities, (utterances, classes)."""
        check_is_fitted(self)
        return self.calibrated_.predict_proba(validate_data(self, X, reset=False))
