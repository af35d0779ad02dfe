"""The further labelled corpora of the cross-corpus comparison."""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ser_fop.corpora import csv_manifest
from ser_fop.corpora.registry import CORPORA
from ser_fop.errors import InputError, closest
from ser_fop.utils.remote import location

_READERS = tuple(name for name in CORPORA if name != csv_manifest.NAME)
# Names are those of folders, and come before a colon in the names of speakers.
_NAME = re.compile(r"\w[\w.-]*")


@dataclasses.dataclass(frozen=True, kw_only=True)
class FurtherCorpus:
    """A labelled corpus beside that of `--corpus`.

    Attributes:
        name: Its name in later stages.
        reader: Name of its reader, a key of `CORPORA`.
        audio_dir: Folder of the corpus.
        manifest: CSV file of the user's own corpus; None for a known one.
    """

    name: str
    reader: str
    audio_dir: Path
    manifest: Path | None = None


def further_corpora(entries: Sequence[str], *, taken: Mapping[str, str]) -> list[FurtherCorpus]:
    """Return the corpora of `--cross-corpus`.

    Args:
        entries: Each NAME=FOLDER for a known corpus, or NAME=FOLDER/MANIFEST.csv for the user's own.
        taken: Options of the other corpora, by the names of these corpora.

    Raises:
        InputError: If an entry has another form, a reader is unknown, or a name occurs twice.
    """
    found: list[FurtherCorpus] = []
    known = dict(taken)
    for one in map(_parsed, entries):
        if one.name in known:
            raise InputError(
                f"--cross-corpus expected each corpus once, received {one.name!r}, which {known[one.name]} names too."
                " Drop one of the two, or give your own corpus another name."
            )
        if one.manifest and one.name in _READERS:
            raise InputError(
                f"--cross-corpus expected a name of its own for your corpus, received {one.name!r}, which is that of a"
                " known corpus. Choose another name."
            )
        known[one.name] = "another entry"
        found.append(one)
    return found


def entry_name(entry: str) -> str:
    """Return the name of the corpus of an entry, NAME=FOLDER."""
    return entry.partition("=")[0]


def _parsed(entry: str) -> FurtherCorpus:
    name, place = entry_name(entry), entry.partition("=")[2]
    if not (name and place):
        raise InputError(
            "--cross-corpus expected NAME=FOLDER, such as emodb=/data/EmoDB, or NAME=FOLDER/MANIFEST.csv for your own"
            f" corpus, received {entry!r}."
        )
    if place.lower().endswith(".csv"):
        if not _NAME.fullmatch(name):
            raise InputError(
                "--cross-corpus expected a name of letters, digits, `_`, `-` and `.` before the `=`, received"
                f" {name!r}. Choose another name."
            )
        manifest = location(place)
        return FurtherCorpus(name=name, reader=csv_manifest.NAME, audio_dir=manifest.parent, manifest=manifest)
    if name not in _READERS:
        raise InputError(
            f"--cross-corpus expected one of {', '.join(_READERS)} for a folder, received {name!r}."
            f"{closest(name, _READERS)} For your own corpus, give its CSV file: {name}=FOLDER/MANIFEST.csv."
        )
    return FurtherCorpus(name=name, reader=name, audio_dir=location(place))
