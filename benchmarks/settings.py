"""What every stage is told."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a run of the benchmarks was asked for.

    Attributes:
        work: Folder for files that are needed for the time of the run only.
        rounds: Rounds that count, for each contender.
        quick: Small sizes, to see that everything works; the ratios are rougher.
        corpus: Name of the corpus in `audio_dir`; empty for synthesised speech.
        audio_dir: Folder of a corpus, for the stages that read audio.
        day: Whether prediction goes over a whole day of audio.
    """

    work: Path
    rounds: int = 5
    quick: bool = False
    corpus: str = ""
    audio_dir: Path | None = None
    day: bool = False
