"""Small folders of pooled features, written without a network."""

from pathlib import Path

import numpy as np

from ser_fop.config.stages import ExtractConfig
from ser_fop.data.records import Records
from ser_fop.hypercolumns.pooled_features import ARRAYS, PooledFeatures, write_pooled
from ser_fop.utils.run_folder import open_stage


def write_toy_features(
    folder: Path, records: Records, *, width: int = 6, spread: float = 0.7, network: str = "network", seed: int = 0
) -> Path:
    """Write a folder of features F as `ser-fop extract` does.

    Args:
        folder: Folder to write.
        records: The records. Each emotion has a column of its own, by the order of the labels.
        width: Number of columns.
        spread: Standard deviation of the features of an emotion.
        network: Digest of the network that computed the features.
        seed: Seed of the features.

    Returns:
        The finished folder.
    """
    config = ExtractConfig(records=records.folder, pretrained=Path("network"), out=folder)
    inputs, digests = {"records": [records.folder]}, {"pretrained": network}
    stage = open_stage("extract", out=folder, config=config, inputs=inputs, digests=digests)
    generator = np.random.default_rng(seed)
    columns = [records.manifest.labels.index(row.label) if row.label else -1 for row in records.rows]
    values = np.eye(width)[columns] + spread * generator.normal(size=(len(columns), width))
    pooled = PooledFeatures(
        ids=np.array([row.id for row in records.rows]),
        labels=np.array([row.label for row in records.rows]),
        speakers=np.array([row.speaker for row in records.rows]),
        arrays={"F": values.astype(np.float32)},
    )
    write_pooled(stage.folder / ARRAYS, pooled)
    return stage.commit(
        metrics={},
        content=[stage.folder / ARRAYS],
        sources={"records": records.folder.resolve(), "pretrained": Path("network")},
        seen_speakers=(),
        labelled_speakers=(),
    )
