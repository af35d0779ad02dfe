"""Speakers of the synthetic corpora: voices of espeak-ng. No voice is in both corpora."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Voice:
    """One synthetic speaker.

    Attributes:
        speaker: Name of the speaker in the corpus.
        gender: `"F"` or `"M"`.
        voice: Language and variant of espeak-ng.
        age: Age in years for `speaker-info.txt`.
        accent: Accent for `speaker-info.txt`, one word.
        region: Region for `speaker-info.txt`, one word or empty.
    """

    speaker: str
    gender: str
    voice: str
    age: int = 30
    accent: str = ""
    region: str = ""


# One female and one male speaker per session, in the order of the sessions.
LABELLED: tuple[Voice, ...] = (
    Voice(speaker="Ses01F", gender="F", voice="en-us+f2"),
    Voice(speaker="Ses01M", gender="M", voice="en-us+m1"),
    Voice(speaker="Ses02F", gender="F", voice="en+Annie"),
    Voice(speaker="Ses02M", gender="M", voice="en+m3"),
    Voice(speaker="Ses03F", gender="F", voice="en-us+f5"),
    Voice(speaker="Ses03M", gender="M", voice="en-us+m7"),
    Voice(speaker="Ses04F", gender="F", voice="en-gb-scotland+steph"),
    Voice(speaker="Ses04M", gender="M", voice="en-gb-x-rp+Andy"),
    Voice(speaker="Ses05F", gender="F", voice="en-us+belinda"),
    Voice(speaker="Ses05M", gender="M", voice="en-us+victor"),
)

# The numbers do not occur in VCTK.
UNLABELLED: tuple[Voice, ...] = (
    Voice(speaker="p901", gender="F", voice="en+f1", age=23, accent="English", region="London"),
    Voice(speaker="p902", gender="M", voice="en+m2", age=31, accent="English", region="London"),
    Voice(speaker="p903", gender="F", voice="en-gb-scotland+f3", age=22, accent="Scottish", region="Perth"),
    Voice(speaker="p904", gender="M", voice="en-gb-scotland+m4", age=45, accent="Scottish", region="Fife"),
    Voice(speaker="p905", gender="F", voice="en-us+linda", age=38, accent="American", region="Ohio"),
    Voice(speaker="p906", gender="M", voice="en-us+m8", age=52, accent="American"),
    Voice(speaker="p907", gender="F", voice="en-us-nyc+Andrea", age=27, accent="American", region="Brooklyn"),
    Voice(speaker="p908", gender="M", voice="en-us-nyc+Denis", age=35, accent="American", region="Queens"),
    Voice(speaker="p909", gender="F", voice="en-029+f4", age=41, accent="Caribbean"),
    Voice(speaker="p910", gender="M", voice="en-029+david", age=29, accent="Caribbean"),
    Voice(speaker="p911", gender="F", voice="en-gb-x-gbcwmd+aunty", age=63, accent="English", region="Dudley"),
    Voice(speaker="p912", gender="M", voice="en-gb-x-gbclan+m5", age=33, accent="English", region="Bolton"),
    Voice(speaker="p913", gender="F", voice="en-gb-x-rp+anika", age=21, accent="English", region="Surrey"),
    Voice(speaker="p914", gender="M", voice="en-gb-x-rp+Hugo", age=25, accent="English", region="Oxford"),
    Voice(speaker="p915", gender="F", voice="en-gb-x-gbclan+Alicia", age=24, accent="English", region="Preston"),
    Voice(speaker="p916", gender="M", voice="en-gb-x-gbcwmd+m6", age=48, accent="English", region="Walsall"),
)
