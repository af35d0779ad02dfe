"""Standardised dimensional labels (arousal and valence) of utterances."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from ser_fop.config.settings import FinetuningSettings
from ser_fop.corpora.schema import DIMENSIONAL_LABELS
from ser_fop.data.records import Records


def wanted_dimensional_labels(
    settings: FinetuningSettings, records: Records, learned: Collection[str], *others: Collection[str]
) -> dict[str, tuple[float, ...]]:
    """Return the dimensional labels if the settings use them, else an empty dict.

    If the settings use them but the records have none, a message is printed.

    Args:
        settings: Settings of the fine-tuning.
        records: The records.
        learned: Ids of the training utterances.
        *others: Further ids, such as those of the validation utterances.

    Returns:
        The labels of `standardised_dimensional_labels`.
    """
    dimensional_labels = (
        standardised_dimensional_labels(records, learned, *others) if settings.dimensional_loss_weight else {}
    )
    if settings.dimensional_loss_weight and not dimensional_labels:
        print(f"{records.folder} has no arousal and valence: training uses the emotion classes only.", flush=True)
    return dimensional_labels


def known_dimensional_labels(dimensional_labels: Mapping[str, Sequence[float]], learned: Collection[str]) -> list[str]:
    """Return the names of the dimensional labels that at least one training utterance has.

    Args:
        dimensional_labels: Labels of `standardised_dimensional_labels`.
        learned: Ids of the training utterances.
    """
    if not dimensional_labels:
        return []
    known = ~np.isnan([dimensional_labels[key] for key in learned]).all(axis=0)
    return [name for name, is_known in zip(DIMENSIONAL_LABELS, known, strict=True) if is_known]


def standardised_dimensional_labels(
    records: Records, learned: Collection[str], *others: Collection[str]
) -> dict[str, tuple[float, ...]]:
    """Return standardised arousal and valence by utterance id.

    Args:
        records: The records.
        learned: Ids of the training utterances. Their mean and standard deviation standardise all labels.
        *others: Further ids, such as those of the validation utterances.

    Returns:
        Arousal and valence by id, NaN if unknown. Empty if no training utterance has either.
    """
    wanted = {*learned, *(key for ids in others for key in ids)}
    found = dict.fromkeys(wanted, (np.nan,) * len(DIMENSIONAL_LABELS))  # ids of other records stay unknown
    for row in records.rows:
        if row.id in wanted:
            found[row.id] = tuple(np.nan if value == "" else float(value) for value in (row.arousal, row.valence))
    known = np.array([found[key] for key in learned])
    rated = ~np.isnan(known).all(axis=0)
    if not rated.any():
        return {}
    mean, std = np.zeros(len(DIMENSIONAL_LABELS)), np.ones(len(DIMENSIONAL_LABELS))
    mean[rated], std[rated] = np.nanmean(known[:, rated], axis=0), np.nanstd(known[:, rated], axis=0)
    scale = np.where(std > 0, std, 1.0)
    return {key: tuple(((np.array(values) - mean) / scale).tolist()) for key, values in found.items()}
