"""openSMILE functionals of audio, computed in separate processes.

A process that loads TensorFlow and then openSMILE has a corrupted heap ("malloc(): corrupted top size" with opensmile
2.6 and TensorFlow 2.21). This module therefore does not import TensorFlow, and only its processes load openSMILE.
"""

import dataclasses
import importlib
import importlib.util
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

_MISSING = "openSMILE is not installed{}: pip install 'ser_fop[classical]'."
# Number of sounds in one task of a process.
_CHUNK_SIZE = 8
_extractors: list[Any] = []


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sound:
    """Segment of an audio file, cut in the same way as in `prepare`.

    Attributes:
        path: Path of the file.
        sample_rate_hz: Sampling rate after resampling, in Hz.
        start_s: Start of the segment in seconds.
        end_s: End of the segment in seconds; None for the end of the file.
        trim_below_db: Threshold of silence, in dB below the loudest frame. Silence at both ends is cut; 0 cuts nothing.
        remove_below_hz: What lies below this frequency does not count as sound.
    """

    path: Path
    sample_rate_hz: int
    start_s: float = 0.0
    end_s: float | None = None
    trim_below_db: float = 0.0
    remove_below_hz: float = 0.0


def functionals(sounds: Sequence[Sound], *, sets: Sequence[str], jobs: int) -> Iterator[list[np.ndarray]]:
    """Yield the functionals of each sound, in the order of the sounds.

    Args:
        sounds: Segments of audio files.
        sets: Names of openSMILE's feature sets, such as `eGeMAPSv02` (88 values) or `ComParE_2016` (6373 values).
        jobs: Number of processes.

    Yields:
        One float32 array of shape (values,) for each feature set. Values are NaN if the sound is too short.

    Raises:
        InputError: If openSMILE is not installed, if it does not have a feature set, or if one of its processes dies.
        AudioError: If a sound cannot be read. The message names the file.

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
            pool.submit(_load, tuple(sets)).result()  # wrong names fail before any computation
            yield from pool.map(_sound_functionals, sounds, [tuple(sets)] * len(sounds), chunksize=_CHUNK_SIZE)
        except BrokenProcessPool as error:
            raise InputError("a process of openSMILE died. Run the same command again; it starts over.") from error
        finally:
            pool.shutdown(cancel_futures=True)


def require_opensmile() -> None:
    """Check that openSMILE is installed, without loading it.

    Raises:
        InputError: If it is not installed.
    """
    if importlib.util.find_spec("opensmile") is None:
        raise InputError(_MISSING.format(""))


def _load(sets: tuple[str, ...]) -> None:
    """Create the feature extractors of this process."""
    try:
        opensmile = importlib.import_module("opensmile")
    except ImportError as error:
        raise InputError(_MISSING.format(f" ({error})")) from error
    known = [name for name in vars(opensmile.FeatureSet) if not name.startswith("_")]
    for name in sets:
        if name not in known:
            raise InputError(f"--sets expected some of {', '.join(known)}, received {name!r}.{closest(name, known)}")
    level = opensmile.FeatureLevel.Functionals
    _extractors[:] = [opensmile.Smile(getattr(opensmile.FeatureSet, name), level) for name in sets]


def _sound_functionals(sound: Sound, sets: tuple[str, ...]) -> list[np.ndarray]:
    if not _extractors:
        _load(sets)
    rate_hz = sound.sample_rate_hz
    try:
        samples = read_audio(sound.path, sample_rate_hz=rate_hz, start_s=sound.start_s, end_s=sound.end_s)
    except AudioError as error:
        raise AudioError(f"{sound.path} {error}") from None
    if sound.trim_below_db:
        samples = trim_silence(
            samples,
            sample_rate_hz=rate_hz,
            below_db=sound.trim_below_db,
            remove_below_hz=sound.remove_below_hz,
        )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Segment too short")  # the values are NaN instead
        return [np.asarray(extractor(samples, rate_hz), np.float32).reshape(-1) for extractor in _extractors]
