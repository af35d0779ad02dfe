"""Settings of streams, and of the stage `stream`."""

from dataclasses import dataclass, field
from pathlib import Path

import tyro

from ser_fop.config.runtime import Runtime
from ser_fop.errors import InputError

# Published model that streams use by default.
DEFAULT_STREAM_MODEL = "emotion-stream"
LONGEST_S = 3600.0


@dataclass(frozen=True, kw_only=True)
class StreamSettings:
    """Settings of a stream.

    Attributes:
        pause_s: Time without speech that ends a stretch of speech, in seconds. The next stretch begins anew. 0 answers
            for the whole stream.
        forget_s: Time constant in seconds after which earlier speech counts less; 0 forgets nothing.
        context_s: Time to which a transformer attends, in seconds.
        detect_speech: Give no answer before speech was heard.
    """

    pause_s: float = 0.0
    forget_s: float = 0.0
    context_s: float = 10.0
    detect_speech: bool = True


def check_stream_settings(settings: StreamSettings) -> None:
    """Check the settings of a stream.

    Raises:
        InputError: If one is out of range, or two contradict each other.
    """
    for name in ("pause_s", "forget_s"):
        if not 0 <= (value := getattr(settings, name)) <= LONGEST_S:
            raise InputError(f"--{name.replace('_', '-')} expected 0 to {LONGEST_S:g}, received {value:g}.")
    if not 0 < settings.context_s <= LONGEST_S:
        raise InputError(f"--context-s expected more than 0, at most {LONGEST_S:g}, received {settings.context_s:g}.")
    if settings.pause_s and not settings.detect_speech:
        raise InputError("--pause-s needs the detection of speech: drop --no-detect-speech.")


@dataclass(frozen=True, kw_only=True)
class StreamConfig:
    """Recognise emotions while someone speaks: in a file, on standard input (`-`) or from a microphone.

    Attributes:
        source: Audio file; or `-`, which reads a WAV file or raw 16-bit PCM, mono, from standard input.
        microphone: Read from the default microphone until Ctrl-C (extra: `microphone`).
        model: Run folder of a causal `finetune`, folder of `export`, or name of a published model.
        chunk_ms: Time between answers, in milliseconds, rounded up to whole steps of the model.
        sample_rate_hz: Sample rate of raw PCM, in hertz; 0 means that of the model.
        json: Print JSON instead of a table, with one object on each line.
        runtime: `onnx` runs the model's ONNX twin, which starts in a second, and `litert` that of `ser-fop export
            --litert-twins`; `tensorflow` takes ten seconds. `auto` chooses a twin where there is one with this context.
        settings: Pauses, forgetting and speech detection.
    """

    source: tyro.conf.Positional[str] = ""
    microphone: bool = False
    model: Path = Path(DEFAULT_STREAM_MODEL)
    chunk_ms: float = 100.0
    sample_rate_hz: int = 0
    json: bool = False
    runtime: Runtime = "auto"
    settings: StreamSettings = field(default_factory=StreamSettings)
