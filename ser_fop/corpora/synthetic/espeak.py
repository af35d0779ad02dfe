"""Speech from the espeak-ng synthesiser, through the shared library of the package `espeakng_loader`.

espeak-ng keeps global state (phase, flutter, noise) between calls, and `espeak_Terminate` does not reset it. Each call
of this module therefore loads the library and unloads it afterwards: the same call always gives the same samples.
"""

import _ctypes
import ctypes
import locale
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from ser_fop.errors import InputError

SAMPLE_RATE_HZ = 22050

# From espeak-ng's `speak_lib.h`.
_RETRIEVE_SYNCHRONOUSLY = 2
_RETURN_ON_ERROR = 0x8000
_POSITION_IN_CHARACTERS = 1
_TEXT_IS_UTF8 = 1
_RATE, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4

_SYNTH_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
_NOISE_SEED = 1

# The library is not re-entrant.
_lock = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class Speaking:
    """Voice and prosody settings of espeak-ng.

    Attributes:
        voice: Language and variant, such as `"en-us+m3"`.
        rate_wpm: Speaking rate in words per minute, 80 to 450.
        volume: Volume, 0 to 200; 100 is the default of the voice.
        pitch: Mean pitch, 0 to 99; 50 is the default of the voice. About 65 steps are one octave.
        pitch_range: Pitch range, 0 (monotone) to 99; 50 is the default of the voice.
    """

    voice: str = "en-us"
    rate_wpm: int = 175
    volume: int = 100
    pitch: int = 50
    pitch_range: int = 50

    def __post_init__(self) -> None:
        """Check the ranges, because espeak-ng clips values without a message."""
        limits = {"rate_wpm": (80, 450), "volume": (0, 200), "pitch": (0, 99), "pitch_range": (0, 99)}
        for name, (lowest, highest) in limits.items():
            value = getattr(self, name)
            if not lowest <= value <= highest:
                raise InputError(f"espeak-ng's {name} expected {lowest} to {highest}, received {value}.")


def synthesise(text: str, speaking: Speaking) -> np.ndarray:
    """Synthesise the speech of a text.

    Args:
        text: Text in the language of the voice.
        speaking: Voice and prosody.

    Returns:
        Mono int16 samples at `SAMPLE_RATE_HZ`, shape (samples,). They do not depend on earlier calls.

    Raises:
        InputError: If espeak-ng is not installed, if other code in this process has loaded it, or if it does not have
            the voice.
    """
    loader = _loader()
    with _lock:
        library = _load(loader.get_library_path())
        # `espeak_Initialize` sets the locale of the whole process.
        character_type = locale.setlocale(locale.LC_CTYPE)
        try:
            return _speak(library, data_path=loader.get_data_path(), text=text, speaking=speaking)
        finally:
            library.espeak_Terminate()
            _unload(library)
            locale.setlocale(locale.LC_CTYPE, character_type)


def _loader() -> ModuleType:
    """Import the optional package `espeakng_loader`."""
    try:
        import espeakng_loader
    except ImportError as error:
        raise InputError(
            "the synthetic corpus needs the espeak-ng synthesiser, which is not installed: pip install 'ser_fop[demo]'"
        ) from error
    return espeakng_loader


def _load(library_path: str) -> ctypes.CDLL:
    """Load the library with its initial state."""
    if hasattr(os, "RTLD_NOLOAD"):
        try:
            loaded = ctypes.CDLL(library_path, mode=os.RTLD_NOLOAD)
        except OSError:
            pass
        else:
            _unload(loaded)
            raise InputError(
                f"other code in this process has loaded {library_path}. Its state would change the synthetic speech:"
                " generate the synthetic corpus in a separate process."
            )
    try:
        return ctypes.CDLL(library_path)
    except OSError as error:
        raise InputError(f"cannot load espeak-ng: {error}. Reinstall it: pip install 'ser_fop[demo]'") from error


def _unload(library: ctypes.CDLL) -> None:
    release: Callable[[int], None] = _ctypes.FreeLibrary if os.name == "nt" else _ctypes.dlclose
    release(library._handle)


def _speak(library: ctypes.CDLL, *, data_path: str, text: str, speaking: Speaking) -> np.ndarray:
    """Initialise a newly loaded library and return its samples."""
    chunks: list[bytes] = []

    @_SYNTH_CALLBACK
    def collect(samples, count: int, _events) -> int:
        if samples and count > 0:
            chunks.append(ctypes.string_at(samples, count * ctypes.sizeof(ctypes.c_short)))
        return 0

    rate_hz = library.espeak_Initialize(_RETRIEVE_SYNCHRONOUSLY, 0, data_path.encode(), _RETURN_ON_ERROR)
    if rate_hz != SAMPLE_RATE_HZ:
        raise InputError(
            f"espeak-ng did not start with its data in {data_path}: expected {SAMPLE_RATE_HZ} Hz, received {rate_hz}."
            " Reinstall it: pip install 'ser_fop[demo]'"
        )
    # Without a seed, espeak-ng seeds the noise of breathy voices from the clock.
    library.espeak_ng_SetRandSeed(ctypes.c_long(_NOISE_SEED))
    library.espeak_SetSynthCallback(collect)
    if library.espeak_SetVoiceByName(speaking.voice.encode()) != 0:
        raise InputError(
            f"espeak-ng has no voice {speaking.voice!r}: expected a voice of this installation, such as 'en-us+m3'."
        )
    for parameter, value in (
        (_RATE, speaking.rate_wpm),
        (_VOLUME, speaking.volume),
        (_PITCH, speaking.pitch),
        (_RANGE, speaking.pitch_range),
    ):
        library.espeak_SetParameter(parameter, value, 0)
    encoded = text.encode()
    status = library.espeak_Synth(
        encoded, ctypes.c_size_t(len(encoded) + 1), 0, _POSITION_IN_CHARACTERS, 0, _TEXT_IS_UTF8, None, None
    )
    if status != 0:
        raise RuntimeError(f"espeak_Synth failed with status {status}")
    library.espeak_Synchronize()
    return np.frombuffer(b"".join(chunks), dtype=np.int16).copy()
