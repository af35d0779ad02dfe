"""Arousal and valence of utterances, as numbers to learn from."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from ser_fop.config.settings import FinetuningSettings
from ser_fop.corpora.schema import VIEWS
from ser_fop.data.records import Records


def wanted_views(
    settings: FinetuningSettings, records: Records, learned: Collection[str], *others: Collection[str]
) -> dict[str, tuple[float, ...]]:
    """Return what `standardised_views` does where the settings ask for it, and tell where nothing is known.

    Args:
        settings: How the network learns.
        records: The records.
        learned: Ids of what is learned from.
        *others: More ids.
    """
    views = standardised_views(records, learned, *others) if settings.view_weight else {}
    if settings.view_weight and not views:
        print(f"{records.folder} has no arousal and valence: training is on classes alone.", flush=True)
    return views


def known_views(views: Mapping[str, Sequence[float]], learned: Collection[str]) -> list[str]:
    """Return which of arousal and valence are known of something that is learned from.

    Args:
        views: What `standardised_views` gave.
        learned: Ids of what is learned from.
    """
    if not views:
        return []
    known = ~np.isnan([views[key] for key in learned]).all(axis=0)
    return [name for name, one in zip(VIEWS, known, strict=True) if one]


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
    judged = ~np.isnan(known).all(axis=0)
    if not judged.any():
        return {}
    mean, deviation = np.zeros(len(VIEWS)), np.ones(len(VIEWS))
    mean[judged], deviation[judged] = np.nanmean(known[:, judged], axis=0), np.nanstd(known[:, judged], axis=0)
    scale = np.where(deviation > 0, deviation, 1.0)
    return {key: tuple(((np.array(values) - mean) / scale).tolist()) for key, values in found.items()}
