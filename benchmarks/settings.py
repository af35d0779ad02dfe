"""Settings of a run of the benchmarks."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings that every stage receives.

    Attributes:
        work: Folder for temporary files of the run.
        rounds: Number of measured rounds per contender.
        quick: Use small sizes, to check that everything works; the ratios are less precise.
        corpus: Name of the corpus in `audio_dir`; empty for synthetic speech.
        audio_dir: Folder of a corpus, for the stages that read audio.
        day: Measure prediction on a whole day of audio.
    """

    work: Path
    rounds: int = 5
    quick: bool = False
    corpus: str = ""
    audio_dir: Path | None = None
    day: bool = False
