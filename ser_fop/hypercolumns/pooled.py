"""Extraction of pooled hypercolumns of all utterances."""

import keras
import numpy as np
from tqdm import tqdm

from ser_fop.data.datasets import utterance_batches
from ser_fop.data.records import Records
from ser_fop.hypercolumns.pooled_features import PooledFeatures
from ser_fop.layers.masked_pooling import MaskedPooling
from ser_fop.models.backbone import Backbone
from ser_fop.models.hypercolumns import hypercolumns
from ser_fop.training.reuse import get_or_compile
from ser_fop.training.setup import jit_compile


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
        labels=np.array([by_id[key].label for key in ids]),
        speakers=np.array([by_id[key].speaker for key in ids]),
        arrays=arrays,
    )
