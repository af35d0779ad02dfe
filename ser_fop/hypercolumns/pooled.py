"""Pooled hypercolumns of all utterances, joined to labels by id."""

import dataclasses
import zipfile
from collections.abc import Iterable
from pathlib import Path

import keras
import numpy as np
from tqdm import tqdm

from ser_fop.data.datasets import utterance_batches
from ser_fop.data.records import Records
from ser_fop.errors import InputError
from ser_fop.layers.masked_pooling import MaskedPooling
from ser_fop.models.backbone import Backbone
from ser_fop.models.hypercolumns import check_feature, hypercolumns
from ser_fop.training.reuse import get_or_compile
from ser_fop.training.setup import jit_compile

ARRAYS = "hypercolumns.npz"
_TABLE = ("ids", "emotions", "speakers")


@dataclasses.dataclass(frozen=True, kw_only=True)
class PooledFeatures:
    """Pooled features of utterances, as stored in `hypercolumns.npz` (without object arrays).

    Attributes:
        ids: Utterance ids, (utterances,).
        emotions: Labels, (utterances,); an empty string for an unlabelled utterance.
        speakers: Speakers, (utterances,).
        arrays: Features by name, each (utterances, width) float32.
    """

    ids: np.ndarray
    emotions: np.ndarray
    speakers: np.ndarray
    arrays: dict[str, np.ndarray]

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

    def speakers_of(self, ids: Iterable[str]) -> np.ndarray:
        """Return the speakers of the given utterances, in the order of `ids`."""
        return self.speakers[self._rows_of(ids)]

    def _rows_of(self, ids: Iterable[str]) -> np.ndarray:
        row_by_id = {key: row for row, key in enumerate(self.ids)}
        return np.array([row_by_id[key] for key in ids])


def extract_pooled(backbone: Backbone, records: Records, *, pooling: str, batch_frames: int) -> PooledFeatures:
    """Pool F, h1..hL, h_add and h_concat of every utterance over its real frames.

    Args:
        backbone: The network.
        records: The records.
        pooling: `mean` or `mean_std`.
        batch_frames: Maximum number of frames in a batch, padding included.
    """
    inputs = backbone.inputs_by_name()
    pool = MaskedPooling(pooling)
    mask = backbone.step_mask(inputs["mask"])
    pooled = {name: pool(frames, mask=mask) for name, frames in hypercolumns(backbone).items()}
    extractor = get_or_compile(
        keras.Model(inputs, pooled),
        lambda network: network.compile(jit_compile=jit_compile()),
        kind="extract",
        size=backbone.config,
        attention=backbone.attention,
        mels=backbone.mels,
        pooling=pooling,
    )
    by_id = {row.id: row for row in records.rows}
    ids = sorted(by_id)
    row_by_id = {key: row for row, key in enumerate(ids)}
    # Memory grows with the corpus here only, so the arrays are allocated once and never copied.
    arrays = {name: np.empty((len(ids), values.shape[-1]), np.float32) for name, values in pooled.items()}
    with tqdm(total=len(by_id), unit="utt", desc="extract", disable=None) as bar:
        for batch in utterance_batches(records, by_id, batch_frames=batch_frames).as_numpy_iterator():
            values = extractor.predict_on_batch({"mel": batch["mel"], "mask": batch["mask"]})
            rows = [row_by_id[key.decode()] for key in batch["id"]]
            for name, array in arrays.items():
                array[rows] = values[name]
            bar.update(len(batch["id"]))
    return PooledFeatures(
        ids=np.array(ids),
        emotions=np.array([by_id[key].emotion for key in ids]),
        speakers=np.array([by_id[key].speaker for key in ids]),
        arrays=arrays,
    )


def write_pooled(path: Path, pooled: PooledFeatures) -> None:
    """Write `hypercolumns.npz`."""
    table = {name: getattr(pooled, name) for name in _TABLE}
    np.savez(path, **table, **pooled.arrays)


def read_pooled(path: Path) -> PooledFeatures:
    """Read `hypercolumns.npz`.

    Raises:
        InputError: If the file is missing, damaged or incomplete.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            table = {name: arrays[name] for name in _TABLE}
            return PooledFeatures(**table, arrays={name: arrays[name] for name in arrays.files if name not in _TABLE})
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} cannot be read as hypercolumns ({error}). Run `ser-fop extract` again.") from error
