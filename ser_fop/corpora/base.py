"""Declaration of a corpus: its name, its source and its reader."""

import dataclasses
import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

from ser_fop.corpora.audio_files import Problem
from ser_fop.corpora.name_variants import merge_variants, require_distinct_speakers
from ser_fop.corpora.schema import Utterance
from ser_fop.corpora.targets import EMOTION
from ser_fop.errors import InputError
from ser_fop.utils.remote import translate_fs_errors

_SHOWN_PROBLEMS = 3


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """Options of a reader.

    Attributes:
        manifest: CSV file of the user's own corpus (`csv` only).
        labels: Label set; empty for the corpus's own.
        microphone: Microphone of the recordings (`vctk` 0.92 only).
        target: Name of the column with the labels; the corpus's own target by default.
    """

    manifest: Path | None = None
    labels: tuple[str, ...] = ()
    microphone: str = "mic1"
    target: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Listing:
    """Utterances of a corpus folder.

    Attributes:
        utterances: Utterances sorted by id. Ids are unique.
        labels: Classes in the order of the class indices; empty for an unlabelled corpus.
        problems: Files that are skipped or look wrong, each with the reason.
    """

    utterances: tuple[Utterance, ...]
    labels: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Corpus:
    """Declaration of a corpus.

    Attributes:
        name: Name on the command line.
        title: Name in reports.
        licence: Licence of the audio, as its publisher states it.
        citation: Publication to cite.
        url: Official address.
        read: Function that lists the utterances below a folder. It raises `InputError` if the folder does not
            contain this corpus.
        target: What its labels tell, such as the emotion.
        reads_target: Whether `read` itself follows the option `target`.
    """

    name: str
    title: str
    licence: str
    citation: str
    url: str
    read: Callable[[Path, ReadOptions], Listing]
    target: str = EMOTION
    reads_target: bool = False


def require_folder(folder: Path, corpus: str) -> Path:
    """Return `folder`, or raise an `InputError` if it does not exist or is a file."""
    with translate_fs_errors(folder):
        exists, is_folder = folder.exists(), folder.is_dir()
    if not exists:
        raise InputError(
            f"the audio folder {folder} of corpus {corpus!r} does not exist. Give --audio-dir the folder that contains the corpus."
        )
    if not is_folder:
        raise InputError(f"--audio-dir expected a folder, received the file {folder}.")
    return folder


def listing(
    *,
    corpus: str,
    folder: Path,
    utterances: list[Utterance],
    labels: tuple[str, ...] = (),
    problems: Sequence[Problem] = (),
    expected: str,
) -> Listing:
    """Sort and check the utterances that a reader found.

    Args:
        corpus: Name of the corpus, for messages.
        folder: Folder of the corpus, for messages.
        utterances: Utterances in any order.
        labels: Classes.
        problems: Files that are skipped.
        expected: Expected layout of the folder, for messages.

    Raises:
        InputError: If there is no utterance, or two utterances share an id.
    """
    if not utterances:
        raise InputError(
            f"no utterance of corpus {corpus!r} found in {folder}: expected {expected}.{_reasons(problems)}"
        )
    ordered = sorted(utterances, key=lambda utterance: utterance.id)
    for one, other in itertools.pairwise(ordered):
        if one.id == other.id:
            raise InputError(
                f"two utterances share the id {one.id!r}: {one.file} and {other.file}. Ids must be unique."
            )
    return Listing(utterances=tuple(ordered), labels=labels, problems=tuple(problems))


def with_distinct_names(found: Listing, *, merge: bool) -> Listing:
    """Return a listing in which no two speakers differ only in spelling.

    Args:
        found: Utterances of a reader.
        merge: Give all spellings of a speaker or a label its most frequent one.

    Raises:
        InputError: If two speakers differ only in spelling, and `merge` is false.
    """
    if not merge:
        require_distinct_speakers(found.utterances)
        return found
    merged = merge_variants(found.utterances)
    used = {utterance.label for utterance in merged}
    dropped = {utterance.label for utterance in found.utterances} - used
    return dataclasses.replace(
        found, utterances=tuple(merged), labels=tuple(label for label in found.labels if label not in dropped)
    )


def _reasons(problems: Sequence[Problem]) -> str:
    """List the first skipped files, for a message."""
    if not problems:
        return ""
    shown = "; ".join(f"{problem.file} {problem.message}" for problem in problems[:_SHOWN_PROBLEMS])
    return f" {len(problems)} files were skipped: {shown}{' ..' if len(problems) > _SHOWN_PROBLEMS else ''}"
