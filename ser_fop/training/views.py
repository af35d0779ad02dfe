"""Arousal and valence of utterances, as numbers to learn from."""

from collections.abc import Collection

import numpy as np

from ser_fop.models.multi_view_classifier import VIEWS
from ser_fop.records import Records


def standardised_views(
    records: Records, learned: Collection[str], *others: Collection[str]
) -> dict[str, tuple[float, ...]]:
    """Return arousal and valence by id, NaN where one is unknown; empty where nobody judged what is learned from.

    Args:
        records: The records.
        learned: Ids of what is learned from, whose mean and deviation are taken off.
        *others: More ids.
    """
    wanted = {*learned, *(key for ids in others for key in ids)}
    found = dict.fromkeys(wanted, (np.nan,) * len(VIEWS))  # of another corpus none are known
    for row in records.rows:
        if row.id in wanted:
            found[row.id] = tuple(np.nan if value == "" else float(value) for value in (row.arousal, row.valence))
    known = np.array([found[key] for key in learned])
    if np.isnan(known).all(axis=0).any():
        return {}
    mean, deviation = np.nanmean(known, axis=0), np.nanstd(known, axis=0)
    scale = np.where(deviation > 0, deviation, 1.0)
    return {key: tuple(((np.array(values) - mean) / scale).tolist()) for key, values in found.items()}
