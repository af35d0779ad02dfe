"""A file whose header states the length of the audio that follows."""

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class Restated:
    """A copy of an audio file with a corrected length.

    Attributes:
        content: The file, with a header that states the samples found.
        stated: Number of samples that the original header stated; None if it stated none.
        found: Number of samples that the file contains, for each channel; None if libsndfile counts them.
    """

    content: bytes
    stated: int | None = None
    found: int | None = None

    @property
    def is_cut_short(self) -> bool:
        """True if the original header promised more samples than the file contains."""
        return self.stated is not None and self.found is not None and self.found < self.stated
