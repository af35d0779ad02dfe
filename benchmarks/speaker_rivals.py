"""Features of rivals for `classify` and `probe`: `python -m benchmarks.speaker_rivals RECORDS AUDIO_DIR OUT`.

OUT becomes a folder as of `ser-fop functionals`, with the sets `mfcc` (mean and deviation over time of 20 MFCCs and their
differences, by librosa) and `resemblyzer` (the utterance embedding of the package of that name, a network trained to tell
thousands of speakers; `pip install resemblyzer torch`). The audio is resampled and trimmed as `prepare` did.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import librosa
import numpy as np
from resemblyzer import VoiceEncoder, preprocess_wav

from ser_fop.config.stages import FunctionalsConfig
from ser_fop.corpora.audio import read_audio, trim_silence
from ser_fop.corpora.schema import Row
from ser_fop.data.records import Records
from ser_fop.hypercolumns.pooled_features import ARRAYS, PooledFeatures, write_pooled
from ser_fop.utils.run_folder import open_stage

SETS = ("mfcc", "resemblyzer")
_MFCCS = 20
_HOP_S = 0.010


def mfcc_statistics(samples: np.ndarray, rate_hz: int) -> np.ndarray:
    """Return mean and deviation over time of MFCCs and their differences, (4 x 20,)."""
    found = librosa.feature.mfcc(y=samples, sr=rate_hz, n_mfcc=_MFCCS, n_fft=512, hop_length=round(_HOP_S * rate_hz))
    width = min(9, (found.shape[1] - 1) // 2 * 2 + 1)
    rows = np.concatenate([found, librosa.feature.delta(found, width=max(3, width), mode="nearest")])
    return np.concatenate([rows.mean(axis=1), rows.std(axis=1)]).astype(np.float32)


def write_rivals(records: Records, audio_dir: Path, out: Path) -> Path:
    """Compute both sets of every utterance, and write them as functionals.

    Args:
        records: The records.
        audio_dir: Folder of the audio that they were prepared from.
        out: Folder to write.
    """
    config = FunctionalsConfig(records=records.folder, audio_dir=audio_dir, out=out, sets=SETS)
    stage = open_stage("functionals", out=out, config=config, inputs={"records": [records.folder]})
    if stage.complete:
        return out
    encoder = VoiceEncoder("cpu", verbose=False)
    rate_hz, below_db = records.manifest.features.sample_rate_hz, records.manifest.trim_below_db

    def vectors(row: Row) -> tuple[np.ndarray, np.ndarray]:
        end_s = None if row.end_s == "" else float(row.end_s)
        samples = read_audio(audio_dir / row.file, sample_rate_hz=rate_hz, start_s=row.start_s, end_s=end_s)
        samples = trim_silence(samples, sample_rate_hz=rate_hz, below_db=below_db) if below_db else samples
        heard = preprocess_wav(samples, source_sr=rate_hz)
        return mfcc_statistics(samples, rate_hz), encoder.embed_utterance(heard if len(heard) else samples)

    found = [vectors(row) for row in records.rows]
    pooled = PooledFeatures(
        ids=np.array([row.id for row in records.rows]),
        labels=np.array([row.label for row in records.rows]),
        speakers=np.array([row.speaker for row in records.rows]),
        arrays={name: np.stack(column) for name, column in zip(SETS, zip(*found, strict=True), strict=True)},
    )
    write_pooled(stage.folder / ARRAYS, pooled)
    sources = {"records": records.folder.resolve()}
    metrics = {"utterances": len(found), "widths": {name: pooled.arrays[name].shape[1] for name in SETS}}
    return stage.commit(metrics=metrics, content=[stage.folder / ARRAYS], seen_speakers=(), sources=sources)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the features of one corpus."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("records", "audio_dir", "out"):
        parser.add_argument(name, type=Path)
    options = parser.parse_args(arguments)
    print(write_rivals(Records(options.records), options.audio_dir, options.out))


if __name__ == "__main__":
    main()
