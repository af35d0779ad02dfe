"""Selection of one hypercolumn feature, as a step of a scikit-learn pipeline."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from ser_fop.config.feature_names import check_feature


class FeatureSelector(TransformerMixin, BaseEstimator):
    """Select the columns of one feature from an array of all features.

    `PooledFeatures.joined` returns such an array and its `slices`. `GridSearchCV` can then
    search over `feature`.

    Args:
        feature: F, h1..hL, h_add or h_concat; None selects all columns.
        slices: First column and end column (exclusive) of each feature, by name.

    Attributes:
        columns_: First column and end column (exclusive) of the selected feature.
    """

    def __init__(self, feature: str | None = None, slices: Mapping[str, tuple[int, int]] | None = None) -> None:
        self.feature = feature
        self.slices = slices

    def fit(self, X: Any, y: Any = None) -> "FeatureSelector":
        """Find the columns of the feature in X, (utterances, width)."""
        X = validate_data(self, X)
        if self.feature is None:
            self.columns_ = (0, X.shape[1])
            return self
        slices = self.slices or {}
        start, stop = slices[check_feature(self.feature, tuple(slices))]
        if stop > X.shape[1]:
            raise ValueError(
                f"feature {self.feature!r} ends at column {stop}, but X has {X.shape[1]} columns. Pass the array and"
                " the slices that one call of `PooledFeatures.joined` returned."
            )
        self.columns_ = (start, stop)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return the columns of the feature, (utterances, feature width)."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False)
        return X[:, slice(*self.columns_)]
