"""Pooled features of utterances, joined to labels by id, and their file."""

import dataclasses
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from ser_fop.config.feature_names import check_feature
from ser_fop.errors import InputError

ARRAYS = "hypercolumns.npz"
_TABLE = ("ids", "labels", "speakers")
# Name of the labels in files of older versions.
_OLDER = {"labels": "emotions"}
_ADD, _CONCAT = "h_add", "h_concat"
# Number of statistics over time in each feature, from which a concatenation that is not stored is built.
_STATISTICS = "statistics"


@dataclasses.dataclass(frozen=True, kw_only=True)
class PooledFeatures:
    """Pooled features of utterances, as stored in `hypercolumns.npz` (without object arrays).

    Attributes:
        ids: Utterance ids, (utterances,).
        labels: Labels, (utterances,); an empty string for an unlabelled utterance.
        speakers: Speakers, (utterances,).
        arrays: Features by name, each (utterances, width) float32.
    """

    ids: np.ndarray
    labels: np.ndarray
    speakers: np.ndarray
    arrays: dict[str, np.ndarray]

    @property
    def emotions(self) -> np.ndarray:
        """The labels, under the name that they had when they were emotions only."""
        return self.labels

    def feature(self, name: str) -> np.ndarray:
        """Return one feature, (utterances, width).

        Raises:
            InputError: If the name is unknown.
        """
        return self.arrays[check_feature(name, tuple(self.arrays))]

    def joined(self) -> tuple[np.ndarray, dict[str, tuple[int, int]]]:
        """Concatenate all features, and return the columns of each one for `FeatureSelector`.

        Returns:
            The array, (utterances, width), and the first and end column (exclusive) by feature.
        """
        ends = np.cumsum([array.shape[1] for array in self.arrays.values()]).tolist()
        slices = {name: (end - self.arrays[name].shape[1], end) for name, end in zip(self.arrays, ends, strict=True)}
        return np.concatenate(list(self.arrays.values()), axis=1), slices

    def of(self, name: str, ids: Iterable[str]) -> np.ndarray:
        """Return one feature of the given utterances, in the order of `ids`."""
        return self.feature(name)[self._rows_of(ids)]

    def _rows_of(self, ids: Iterable[str]) -> np.ndarray:
        row_by_id = {key: row for row, key in enumerate(self.ids)}
        return np.array([row_by_id[key] for key in ids])


def write_pooled(path: Path, pooled: PooledFeatures) -> None:
    """Write `hypercolumns.npz`. A concatenation of the other features is not stored twice."""
    table = {name: getattr(pooled, name) for name in _TABLE}
    arrays = dict(pooled.arrays)
    for statistics in (1, 2):
        if _CONCAT in arrays and _equal(arrays[_CONCAT], _concatenated(arrays, statistics)):
            del arrays[_CONCAT]
            table[_STATISTICS] = np.array(statistics)
    np.savez(path, **table, **arrays)


def _concatenated(arrays: Mapping[str, np.ndarray], statistics: int) -> np.ndarray:
    """Return F, h1..hL side by side: the means of all, then their deviations if there are two statistics."""
    layers = [array for name, array in arrays.items() if name not in (_ADD, _CONCAT)]
    if any(array.shape[1] % statistics for array in layers):
        return np.empty((0, 0))
    parts = [np.split(array, statistics, axis=1) for array in layers]
    return np.concatenate([part[number] for number in range(statistics) for part in parts], axis=1)


def _equal(one: np.ndarray, other: np.ndarray) -> bool:
    """Compare two arrays up to the rounding of a sum over time."""
    return one.shape == other.shape and np.allclose(one, other, rtol=1e-5, atol=1e-6)


def read_pooled(path: Path) -> PooledFeatures:
    """Read `hypercolumns.npz`.

    Raises:
        InputError: If the file is missing, damaged or incomplete.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            stored = {name: name if name in arrays.files else _OLDER.get(name, name) for name in _TABLE}
            table = {name: arrays[key] for name, key in stored.items()}
            found = {name: arrays[name] for name in arrays.files if name not in (*stored.values(), _STATISTICS)}
            if _STATISTICS in arrays.files:
                found[_CONCAT] = _concatenated(found, int(arrays[_STATISTICS]))
            return PooledFeatures(**table, arrays=found)
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} cannot be read as hypercolumns ({error}). Run `ser-fop extract` again.") from error


def join_pooled(parts: Mapping[str, PooledFeatures], feature: str) -> PooledFeatures:
    """Return one feature of several corpora. Ids and speakers begin with the name of their corpus: `ravdess:Actor_01`.

    Args:
        parts: Pooled features by corpus. Their labels keep the names that the corpora use.
        feature: Name of the feature.

    Raises:
        InputError: If a corpus does not have the feature.
    """
    table = {
        name: np.array([f"{corpus}:{one}" for corpus, part in parts.items() for one in getattr(part, name)])
        for name in ("ids", "speakers")
    }
    return PooledFeatures(
        **table,
        labels=np.concatenate([part.labels for part in parts.values()]),
        arrays={feature: np.concatenate([part.feature(feature) for part in parts.values()])},
    )
