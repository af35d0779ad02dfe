"""openSMILE's functionals of sounds, in processes of their own.

Loaded into a process that has loaded TensorFlow before, openSMILE's library spoils the heap (opensmile 2.6 beside
TensorFlow 2.21: "malloc(): corrupted top size"). So nothing here knows TensorFlow, and nobody else loads openSMILE.
"""

import dataclasses
import importlib
import multiprocessing
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import numpy as np

from ser_fop.corpora.audio import AudioError, read_audio, trim_silence
from ser_fop.errors import InputError, closest

# Sounds that go to a process at once.
_TOGETHER = 8
_extractors: list[Any] = []


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sound:
    """A stretch of a file, cut as `prepare` cuts it.

    Attributes:
        path: The file.
        sample_rate_hz: Rate to resample to.
        start_s: Where it starts, in seconds.
        end_s: Where it ends; None is the end.
        trim_below_db: Cut silence at both ends so far below the loudest frame; 0 cuts nothing.
    """

    path: Path
    sample_rate_hz: int
    start_s: float = 0.0
    end_s: float | None = None
    trim_below_db: float = 0.0


def functionals(sounds: Sequence[Sound], *, sets: Sequence[str], jobs: int) -> Iterator[list[np.ndarray]]:
    """Yield each sound's functionals, in order.

    Args:
        sounds: The sounds.
        sets: Names of openSMILE's feature sets, such as `eGeMAPSv02` (88 values) or `ComParE_2016` (6373).
        jobs: Processes.

    Yields:
        An array (values,) float32 for each set; not a number where a sound is too short for it.

    Raises:
        InputError: If openSMILE is not installed or has no such set.
        AudioError: If a sound cannot be read; names its file.

    Reference:
        Eyben et al., "The Geneva Minimalistic Acoustic Parameter Set (GeMAPS)", IEEE Transactions on Affective
        Computing 7(2), 2016; Schuller et al., "The INTERSPEECH 2016 Computational Paralinguistics Challenge".
    """
    if not sets or len(set(sets)) < len(sets):
        raise InputError(f"--sets expected one or more feature sets, each once, received {list(sets)}.")
    if jobs < 1:
        raise InputError(f"--jobs must not be negative, received {jobs}.")
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        try:
            pool.submit(_load, tuple(sets)).result()  # bad names fail before any work
            yield from pool.map(_of, sounds, [tuple(sets)] * len(sounds), chunksize=_TOGETHER)
        except BrokenProcessPool as error:
            raise InputError("a process of openSMILE died. The same command begins again.") from error
        finally:
            pool.shutdown(cancel_futures=True)


def _load(sets: tuple[str, ...]) -> None:
    """Make the extractors of this process."""
    try:
        opensmile = importlib.import_module("opensmile")
    except ImportError as error:
        raise InputError(f"openSMILE is not installed ({error}): pip install 'ser_fop[classical]'.") from error
    known = [name for name in vars(opensmile.FeatureSet) if not name.startswith("_")]
    for name in sets:
        if name not in known:
            raise InputError(f"--sets expected some of {', '.join(known)}, received {name!r}.{closest(name, known)}")
    level = opensmile.FeatureLevel.Functionals
    _extractors[:] = [opensmile.Smile(getattr(opensmile.FeatureSet, name), level) for name in sets]


def _of(sound: Sound, sets: tuple[str, ...]) -> list[np.ndarray]:
    if not _extractors:
        _load(sets)
    rate_hz = sound.sample_rate_hz
    try:
        samples = read_audio(sound.path, sample_rate_hz=rate_hz, start_s=sound.start_s, end_s=sound.end_s)
    except AudioError as error:
        raise AudioError(f"{sound.path} {error}") from None
    if sound.trim_below_db:
        samples = trim_silence(samples, sample_rate_hz=rate_hz, below_db=sound.trim_below_db)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Segment too short")  # what is missing is not a number
        return [np.asarray(one(samples, rate_hz), np.float32).reshape(-1) for one in _extractors]
