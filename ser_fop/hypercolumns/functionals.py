"""openSMILE functionals of all utterances of a corpus, joined to labels by id."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ser_fop.corpora.audio import AudioError
from ser_fop.corpora.opensmile import Sound, functionals
from ser_fop.data.records import Records
from ser_fop.errors import InputError
from ser_fop.hypercolumns.pooled_features import PooledFeatures


def pooled_functionals(records: Records, audio_dir: Path, *, sets: Sequence[str], jobs: int) -> PooledFeatures:
    """Compute the functionals of the audio that the records were prepared from.

    The audio is resampled and trimmed as `prepare` did for the records.

    Args:
        records: The records.
        audio_dir: Folder of the corpus that the records were prepared from.
        sets: Names of openSMILE's feature sets.
        jobs: Number of processes.

    Returns:
        The functionals, with one array for each feature set.

    Raises:
        InputError: If openSMILE is not installed or does not know a feature set, or if an audio
            file cannot be read or is too short.
    """
    rows = sorted(records.rows, key=lambda row: row.id)
    sounds = [
        Sound(
            path=audio_dir / row.file,
            sample_rate_hz=records.manifest.features.sample_rate_hz,
            start_s=row.start_s,
            end_s=None if row.end_s == "" else float(row.end_s),
            trim_below_db=records.manifest.trim_below_db,
            remove_below_hz=records.manifest.features.remove_below_hz,
        )
        for row in rows
    ]
    computed: list[list[np.ndarray]] = []
    try:
        utterances = functionals(sounds, sets=sets, jobs=jobs)
        computed.extend(tqdm(utterances, total=len(rows), unit="utt", desc="functionals", disable=None))
    except AudioError as error:
        raise InputError(
            f"{error}: expected the audio that {records.folder} was prepared from. Give --audio-dir the folder that"
            " `ser-fop prepare` read."
        ) from error
    arrays = {name: np.stack([values[index] for values in computed]) for index, name in enumerate(sets)}
    for name, array in arrays.items():
        missing = np.flatnonzero(~np.isfinite(array).all(axis=1))
        if len(missing):
            raise InputError(
                f"{len(missing)} of {len(rows)} utterances are too short for {name}, the first is"
                f" {rows[missing[0]].file}. Prepare the records with a larger --min-duration-s."
            )
    return PooledFeatures(
        ids=np.array([row.id for row in rows]),
        labels=np.array([row.label for row in rows]),
        speakers=np.array([row.speaker for row in rows]),
        arrays=arrays,
    )
