"""One level of a hypercolumn as a step of a scikit-learn pipeline."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from ser_fop.models.hypercolumns import check_feature


class FeatureSelector(TransformerMixin, BaseEstimator):
    """Takes one feature out of arrays that hold all side by side.

    With `PooledFeatures.joined` for X and slices, `GridSearchCV` can search over `feature`.

    Args:
        feature: F, h1..hL, h_add or h_concat; None takes everything.
        slices: First and last column (exclusive) by feature.

    Attributes:
        columns_: The columns taken.
    """

    def __init__(self, feature: str | None = None, slices: Mapping[str, tuple[int, int]] | None = None) -> None:
        self.feature = feature
        self.slices = slices

    def fit(self, X: Any, y: Any = None) -> "FeatureSelector":
        """Look the feature's columns up; X is (utterances, width)."""
        X = validate_data(self, X)
        if self.feature is None:
            self.columns_ = (0, X.shape[1])
            return self
        slices = self.slices or {}
        start, stop = slices[check_feature(self.feature, tuple(slices))]
        if stop > X.shape[1]:
            raise ValueError(f"feature {self.feature!r} ends at column {stop}, X has {X.shape[1]} columns.")
        self.columns_ = (start, stop)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return the feature, (utterances, its width)."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False)
        return X[:, slice(*self.columns_)]
