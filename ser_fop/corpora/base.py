"""What a corpus is to the rest of the program: a name, a label set, and a reader."""

import dataclasses
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath, PurePosixPath

from ser_fop.corpora.schema import Utterance
from ser_fop.errors import InputError
from ser_fop.utils.remote import is_remote, remote_files, translate_fs_errors


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """What a user may ask of a reader.

    Attributes:
        manifest: CSV file of the user's own corpus (`csv` only).
        labels: Label set; empty means the corpus's own.
        microphone: Which microphone's recordings (`vctk` 0.92 only).
    """

    manifest: Path | None = None
    labels: tuple[str, ...] = ()
    microphone: str = "mic1"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Problem:
    """Something in a corpus folder that a user should know of.

    Attributes:
        file: The file concerned, relative to the corpus folder.
        message: What is wrong with it.
    """

    file: str
    message: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Listing:
    """What a reader found.

    Attributes:
        utterances: Sorted by id, ids unique.
        labels: The classes, in the order that class indices follow; empty for
            an unlabelled corpus.
        problems: What was skipped or looks wrong, and why.
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
        citation: How to cite it.
        url: Official address.
        read: Lists the utterances below a folder. Raises `InputError` where the
            folder does not hold this corpus.
    """

    name: str
    title: str
    licence: str
    citation: str
    url: str
    read: Callable[[Path, ReadOptions], Listing]


def is_stray(path: PurePath) -> bool:
    """Tell whether a file is one that systems leave behind (AppleDouble `._*`, dot files)."""
    return path.name.startswith(".")


def audio_files(folder: Path, *suffixes: str) -> Iterator[Path]:
    """Yield the regular, non-stray files below `folder` with one of `suffixes`, sorted.

    Args:
        folder: Where to look, recursively.
        *suffixes: Lower-case suffixes with their dot, such as `".wav"`.

    Yields:
        Paths below `folder`.
    """
    if is_remote(folder):
        # One question for all of them: a store answers tens a second.
        for file in remote_files(folder):
            name = PurePosixPath(file)
            if name.suffix.lower() in suffixes and not is_stray(name):
                yield folder / file
        return
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in suffixes and not is_stray(path) and path.is_file():
            yield path


def require_folder(folder: Path, corpus: str) -> Path:
    """Return `folder` if it is one, or raise `InputError`."""
    with translate_fs_errors(folder):
        exists, is_folder = folder.exists(), folder.is_dir()
    if not exists:
        raise InputError(
            f"the audio folder {folder} of corpus {corpus!r} does not exist. Give --audio-dir the folder that holds the corpus."
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
    problems: list[Problem] | None = None,
    expected: str,
) -> Listing:
    """Sort, check and freeze what a reader found.

    Args:
        corpus: Corpus name, for messages.
        folder: The folder read, for messages.
        utterances: What was found, in any order.
        labels: The classes.
        problems: What was skipped.
        expected: The layout that was looked for, for the message of an empty folder.

    Returns:
        The listing.

    Raises:
        InputError: If nothing was found, or two utterances share an id.
    """
    if not utterances:
        raise InputError(f"no utterance of corpus {corpus!r} found in {folder}: expected {expected}.")
    ordered = sorted(utterances, key=lambda utterance: utterance.id)
    for one, other in itertools.pairwise(ordered):
        if one.id == other.id:
            raise InputError(
                f"two utterances share the id {one.id!r}: {one.file} and {other.file}. Ids must be unique."
            )
    return Listing(utterances=tuple(ordered), labels=labels, problems=tuple(problems or ()))
