"""What an utterance is, and what a record of one holds. Record keys exist here and nowhere else."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Utterance:
    """One stretch of speech by one speaker, as a corpus lists it.

    Attributes:
        id: Unique within the corpus; joins features, labels and predictions.
        file: Audio file, relative to the corpus folder, with forward slashes.
        speaker: Speaker's name within the corpus.
        emotion: Class label, or an empty string where the utterance has none in
            the label set (it still serves for pretraining).
        annotation: The corpus's own label before any merging.
        session: Recording session, or an empty string.
        gender: `"F"`, `"M"` or an empty string.
        style: `"improvised"`, `"scripted"`, `"read"` or an empty string.
        start_s: Start inside the file, in seconds.
        end_s: End inside the file, in seconds; None is the end of the file.
        arousal: How aroused the speaker was judged to be, on the corpus's own scale; None where nobody did.
        valence: How pleasant their feeling, likewise.
    """

    id: str
    file: str
    speaker: str
    emotion: str = ""
    annotation: str = ""
    session: str = ""
    gender: str = ""
    style: str = ""
    start_s: float = 0.0
    end_s: float | None = None
    arousal: float | None = None
    valence: float | None = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of `utterances.csv`: an utterance that is in the shards.

    Attributes:
        id: Unique within the folder.
        shard: Index of its shard.
        frames: Its length, in frames.
        duration_s: Duration of its audio, in seconds.
        speaker: Speaker's name within the corpus.
        session: Recording session, or an empty string.
        gender: `"F"`, `"M"` or an empty string.
        style: Improvised, scripted or read, or an empty string.
        emotion: Class label, or an empty string.
        annotation: The corpus's own label.
        file: Audio file, relative to the corpus folder.
        start_s: Start inside the file, in seconds.
        end_s: End inside the file, in seconds, or an empty string.
        arousal: Judged arousal, or an empty string.
        valence: Judged valence, or an empty string.
    """

    id: str
    shard: int
    frames: int
    duration_s: float
    speaker: str
    session: str = ""
    gender: str = ""
    style: str = ""
    emotion: str = ""
    annotation: str = ""
    file: str = ""
    start_s: float = 0.0
    end_s: float | str = ""
    arousal: float | str = ""
    valence: float | str = ""


@dataclass(frozen=True, kw_only=True)
class RecordKeys:
    """The features of one `tf.train.Example`.

    Attributes:
        id: Utterance id, UTF-8 bytes.
        mel: Log-mel, raw little-endian bytes of (frames, mels).
        frames: Number of frames, int64.
    """

    id: str = "id"
    mel: str = "mel"
    frames: str = "frames"


RECORD = RecordKeys()

# Columns of `utterances.csv` in a records folder, in order.
UTTERANCE_COLUMNS = (
    "id",
    "shard",
    "frames",
    "duration_s",
    "speaker",
    "session",
    "gender",
    "style",
    "emotion",
    "annotation",
    "file",
    "start_s",
    "end_s",
    "arousal",
    "valence",
)

# What else judges may have said of an utterance, in the order in which networks learn it.
VIEWS = ("arousal", "valence")

# Columns of `quarantine.csv` in a records folder, in order.
QUARANTINE_COLUMNS = ("id", "file", "problem")

# Leading columns of `predictions.csv` of a classifier; one probability column a class follows.
PREDICTION_COLUMNS = ("id", "speaker", "fold", "seed", "label", "predicted")
PROBABILITY_PREFIX = "p_"
