"""Functionals of every utterance of a corpus, as arrays joined to labels by id."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ser_fop.corpora.audio import AudioError
from ser_fop.corpora.opensmile import Sound, functionals
from ser_fop.data.records import Records
from ser_fop.errors import InputError
from ser_fop.hypercolumns.pooled import PooledFeatures


def pooled_functionals(records: Records, audio_dir: Path, *, sets: Sequence[str], jobs: int) -> PooledFeatures:
    """Compute functionals of the sound that the records were made of: at their rate, trimmed as they were.

    Args:
        records: The records.
        audio_dir: Folder of the corpus that they were prepared from.
        sets: Names of openSMILE's feature sets.
        jobs: Processes.

    Returns:
        An array for each set.

    Raises:
        InputError: If openSMILE is not installed or has no such set, or a sound cannot be read or is too short.
    """
    rows = sorted(records.rows, key=lambda row: row.id)
    sounds = [
        Sound(
            path=audio_dir / row.file,
            sample_rate_hz=records.manifest.features.sample_rate_hz,
            start_s=row.start_s,
            end_s=None if row.end_s == "" else float(row.end_s),
            trim_below_db=records.manifest.trim_below_db,
        )
        for row in rows
    ]
    found: list[list[np.ndarray]] = []
    try:
        each = functionals(sounds, sets=sets, jobs=jobs)
        found.extend(tqdm(each, total=len(rows), unit="utt", desc="functionals", disable=None))
    except AudioError as error:
        raise InputError(
            f"{error}: expected the sound that {records.folder} was prepared from. Give --audio-dir the folder that it was"
            " then."
        ) from error
    arrays = {name: np.stack([values[place] for values in found]) for place, name in enumerate(sets)}
    for name, array in arrays.items():
        missing = np.flatnonzero(~np.isfinite(array).all(axis=1))
        if len(missing):
            raise InputError(
                f"{len(missing)} of {len(rows)} utterances have no {name}, the first {rows[missing[0]].file}: they are too"
                " short. Prepare the records with a larger --min-duration-s."
            )
    return PooledFeatures(
        ids=np.array([row.id for row in rows]),
        emotions=np.array([row.emotion for row in rows]),
        speakers=np.array([row.speaker for row in rows]),
        arrays=arrays,
    )
