"""Settings of the augmentation of log-mels in fine-tuning."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class AugmentationSettings:
    """Settings of augmentation: random changes of training utterances in each epoch. All are off by default.

    Attributes:
        freq_mask: SpecAugment: each mask hides fewer mel bands than this.
        time_mask: SpecAugment: each mask hides fewer frames than this.
        masks: SpecAugment: number of masks of each kind.
        level_db: Maximum change of the level, up or down, in decibels.
        speed: Maximum relative change of the speed; 0.1 means 10 percent. The pitch changes with the speed.
        filter_db: Maximum gain or loss of a random equaliser, as of another microphone or voice, in decibels.
        pause_s: Maximum length of noise before and after half of the utterances, as of a quiet room, in seconds.
        band_share: Share of the training utterances that lose all bands above a random edge, half of them also the
            lowest ones, as on a telephone.
        renditions: Share of the training utterances that are read as one of the records' renditions
            (`prepare --renditions`).
    """

    freq_mask: int = 0
    time_mask: int = 0
    masks: int = 1
    level_db: float = 0.0
    speed: float = 0.0
    filter_db: float = 0.0
    pause_s: float = 0.0
    band_share: float = 0.0
    renditions: float = 0.0
