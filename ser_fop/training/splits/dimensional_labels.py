"""Arousal and valence of utterances, as numbers to learn from."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from ser_fop.config.settings import FinetuningSettings
from ser_fop.corpora.schema import DIMENSIONAL_LABELS
from ser_fop.data.records import Records


def wanted_dimensional_labels(
    settings: FinetuningSettings, records: Records, learned: Collection[str], *others: Collection[str]
) -> dict[str, tuple[float, ...]]:
    """Return what `standardised_dimensional_labels` does where the settings ask for it, and tell where nothing is known.

    Args:
        settings: How the network learns.
        records: The records.
        learned: Ids of the training utterances.
        *others: More ids.
    """
    dimensional_labels = (
        standardised_dimensional_labels(records, learned, *others) if settings.dimensional_loss_weight else {}
    )
    if settings.dimensional_loss_weight and not dimensional_labels:
        print(f"{records.folder} has no arousal and valence: training is on classes alone.", flush=True)
    return dimensional_labels


def known_dimensional_labels(dimensional_labels: Mapping[str, Sequence[float]], learned: Collection[str]) -> list[str]:
    """Return which of arousal and valence are known of something that is learned from.

    Args:
        dimensional_labels: What `standardised_dimensional_labels` gave.
        learned: Ids of the training utterances.
    """
    if not dimensional_labels:
        return []
    known = ~np.isnan([dimensional_labels[key] for key in learned]).all(axis=0)
    return [name for name, one in zip(DIMENSIONAL_LABELS, known, strict=True) if one]


def standardised_dimensional_labels(
    records: Records, learned: Collection[str], *others: Collection[str]
) -> dict[str, tuple[float, ...]]:
    """Return arousal and valence by id, NaN where one is unknown; empty where no training utterance has them.

    Args:
        records: The records.
        learned: Ids of the training utterances, whose mean and standard deviation normalise the labels.
        *others: More ids.
    """
    wanted = {*learned, *(key for ids in others for key in ids)}
    found = dict.fromkeys(wanted, (np.nan,) * len(DIMENSIONAL_LABELS))  # of another corpus none are known
    for row in records.rows:
        if row.id in wanted:
            found[row.id] = tuple(np.nan if value == "" else float(value) for value in (row.arousal, row.valence))
    known = np.array([found[key] for key in learned])
    judged = ~np.isnan(known).all(axis=0)
    if not judged.any():
        return {}
    mean, std = np.zeros(len(DIMENSIONAL_LABELS)), np.ones(len(DIMENSIONAL_LABELS))
    mean[judged], std[judged] = np.nanmean(known[:, judged], axis=0), np.nanstd(known[:, judged], axis=0)
    scale = np.where(std > 0, std, 1.0)
    return {key: tuple(((np.array(values) - mean) / scale).tolist()) for key, values in found.items()}
