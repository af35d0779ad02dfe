"""Preparation of log-mels from a folder of audio files."""

import functools
import multiprocessing
import os
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks import front_ends
from benchmarks.apart import apart
from benchmarks.fake_speech import MANIFEST, RATE_HZ, write_speech
from benchmarks.harness import Comparison, Contender, compare
from benchmarks.lengths import lengths
from benchmarks.settings import Settings

# A pool over all cores gains nothing from threads inside its workers.
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
_worker: Callable[[tuple], int] | None = None


def run(settings: Settings) -> list[Comparison]:
    corpus, audio_dir = settings.corpus, settings.audio_dir
    if audio_dir is None:
        corpus, audio_dir = "csv", settings.work / "speech"
        write_speech(audio_dir, lengths("iemocap", 60 if settings.quick else 800))
    ours = {"corpus": corpus, "audio_dir": audio_dir, "folder": settings.work / "ours"}
    reference = apart(_reference, **{**ours, "folder": settings.work / "reference"})
    files, seconds, frames = reference["files"], reference["seconds"], reference["frames"]
    peers = {
        "librosa, float16 .npy, processes": {"front_end": "librosa", "processes": True},
        "kaldi-native-fbank, float16 .npy, threads": {"front_end": "kaldi", "processes": False},
        "torch.stft, float16 .npy, threads": {"front_end": "torch", "processes": False},
    }
    contenders = [Contender(name="ser-fop prepare", setup=_ours, options={**ours, "seconds": seconds})]
    contenders += [
        Contender(
            name=name,
            setup=_peer,
            options={
                **options,
                "files": files,
                "folder": settings.work / options["front_end"],
                "seconds": seconds,
                "frames": frames,
            },
            environment=_ONE_THREAD,
        )
        for name, options in peers.items()
    ]
    corpus_title = settings.corpus or "synthesised speech of IEMOCAP's lengths"
    title = (
        f"{len(files)} files, {seconds / 3600:.2f} h, {corpus_title}, on all cores. Ours includes listing, checks, statistics and"
        " digests; the workers of the peers start before the measurement, and the peers write without checks."
    )
    key = f"prepare-{settings.corpus}" if settings.corpus else "prepare"
    return [compare(key, title, contenders, unit="seconds of audio / s", rounds=settings.rounds, whole=seconds)]


def _ours(corpus: str, audio_dir: Path, folder: Path, seconds: float) -> Callable[[], float]:
    def work() -> float:
        prepared = _prepare(corpus, audio_dir, folder)
        assert abs(prepared["hours"] * 3600 - seconds) < 1e-3
        return seconds

    return work


def _prepare(corpus: str, audio_dir: Path, folder: Path) -> dict[str, Any]:
    """Prepare a folder from scratch with the command and return its metrics."""
    from ser_fop.pipelines.prepare import main as prepare

    from ser_fop.utils.run_folder import METRICS, read_json

    if folder.exists():
        shutil.rmtree(folder)
    manifest = ["--manifest", str(audio_dir / MANIFEST)] if corpus == "csv" else []
    # The peers remove nothing below speech.
    options = ["--corpus", corpus, "--audio-dir", str(audio_dir), "--remove-below-hz", "0", "--out", str(folder)]
    status = prepare([*options, *manifest])
    assert status == 0, "`ser-fop prepare` failed"
    return read_json(folder / METRICS)


def _reference(corpus: str, audio_dir: Path, folder: Path) -> dict[str, Any]:
    """Return the usable utterances with their total seconds and frames."""
    import contextlib
    import sys

    from ser_fop.data.records import Records

    with contextlib.redirect_stdout(sys.stderr):
        metrics = _prepare(corpus, audio_dir, folder)
    rows = Records(folder).rows
    shutil.rmtree(folder)
    files = [(row.id, str(audio_dir / row.file), row.start_s, row.end_s) for row in rows]
    return {"files": files, "seconds": metrics["hours"] * 3600, "frames": metrics["frames"]}


def _peer(
    front_end: str, processes: bool, files: Sequence[tuple], folder: Path, seconds: float, frames: int
) -> Callable[[], float]:
    folder.mkdir(exist_ok=True)
    cores = os.cpu_count() or 1
    if processes:
        pool = multiprocessing.get_context("spawn").Pool(cores, _start_worker, (front_end, folder))
        _one_file(front_end)  # a missing library fails here once, not in each worker
        each = functools.partial(pool.imap_unordered, _call_worker, chunksize=4)
    else:
        if front_end == "torch":
            import torch

            torch.set_num_threads(1)
        each = functools.partial(ThreadPoolExecutor(cores).map, functools.partial(_one_file(front_end), folder))

    def work() -> float:
        found = sum(each(files))
        assert found == frames, f"{found} frames, ours has {frames}"
        return seconds

    return work


def _start_worker(front_end: str, folder: Path) -> None:
    global _worker
    _worker = functools.partial(_one_file(front_end), folder)


def _call_worker(file: tuple) -> int:
    return _worker(file)


def _one_file(front_end: str) -> Callable[[Path, tuple], int]:
    """Return a function that reads one utterance, stores its log-mel and returns the number of frames."""
    import numpy as np
    import soundfile
    import soxr

    log_mel = getattr(front_ends, f"{front_end}_front_end")()

    def work(folder: Path, file: tuple) -> int:
        key, path, start_s, end_s = file
        with soundfile.SoundFile(path) as sound:
            rate_hz = sound.samplerate
            first = round(start_s * rate_hz)
            sound.seek(first)
            stop = -1 if end_s == "" else round(float(end_s) * rate_hz) - first
            samples = sound.read(stop, dtype="float32", always_2d=True).mean(axis=1)
        if rate_hz != RATE_HZ:
            samples = soxr.resample(samples, rate_hz, RATE_HZ)
        mel = log_mel(samples).astype(np.float16)
        np.save(folder / f"{key.replace('/', '_')}.npy", mel)
        return len(mel)

    return work
