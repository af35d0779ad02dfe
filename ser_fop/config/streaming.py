"""Settings of streams, and of the stage `stream`."""

from dataclasses import dataclass

# Published model that streams use by default.
DEFAULT_STREAM_MODEL = "emotion-stream"


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
    context_s: float = 20.0
    detect_speech: bool = True
