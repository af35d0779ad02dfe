"""The user's own corpus: a CSV file with one row for each utterance, and the folder of its audio.

The columns `file`, `speaker` and that of the target, by default `emotion`, are required. The columns `session`, `start`
and `end` (seconds), `id`, `gender`, `style`, and `arousal` and `valence` (numbers on any scale) are optional. Other columns
are kept as they are, and each can be a target.
"""

import math
import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from ser_fop.corpora.audio_files import Problem
from ser_fop.corpora.base import Corpus, Listing, ReadOptions, listing, require_folder
from ser_fop.corpora.duplicates import duplicate_problems
from ser_fop.corpora.schema import Utterance, is_unknown
from ser_fop.corpora.targets import EMOTION, SPEAKER, check_target, labels_of
from ser_fop.errors import InputError, closest
from ser_fop.utils.csv_io import CsvTable, parse_number
from ser_fop.utils.remote import is_remote, remote_files, translate_fs_errors

NAME = "csv"
REQUIRED_COLUMNS = ("file", SPEAKER)
OPTIONAL_COLUMNS = ("session", "start", "end", "id", "gender", "style", "arousal", "valence")

# Columns that have a field of their own.
_READ = (*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS)
_EXPECTED = "the audio files that the manifest lists, relative to it"
_DRIVE = re.compile(r"[A-Za-z]:")
_GENDERS = {"": "", "f": "F", "female": "F", "m": "M", "male": "M"}
_STYLES = ("improvised", "scripted", "read")


def read(folder: Path, options: ReadOptions) -> Listing:
    """List the rows of a manifest.

    Args:
        folder: Folder to which the column `file` is relative. Links in it are followed.
        options: `manifest` is the CSV file. `target` is the column with the labels, by default `emotion`. `labels` is
            the label set; by default the sorted distinct labels. An utterance with a blank label is unlabelled.

    Returns:
        One utterance for each row whose file exists.

    Raises:
        InputError: If a row is wrong, or no file exists. The message names the row.
    """
    if options.manifest is None:
        raise InputError("the corpus 'csv' needs a manifest, received none. Give --manifest FILE.csv.")
    require_folder(folder, NAME)
    if len(set(options.labels)) != len(options.labels):
        raise InputError(f"--labels names a label twice: {', '.join(options.labels)}. Name each once.")
    target = check_target(options.target or EMOTION)
    # One request lists all names of a store.
    held = frozenset(remote_files(folder)) if is_remote(folder) else None
    rows_of: dict[str, int] = {}
    utterances: list[Utterance] = []
    problems: list[Problem] = []
    for row, fields in _rows(options.manifest, target):
        where = f"row {row} of {options.manifest}"
        utterance = _utterance(fields, target=target, labels=options.labels, where=where)
        if utterance.id in rows_of:
            raise InputError(
                f"rows {rows_of[utterance.id]} and {row} of {options.manifest} share the id {utterance.id!r}:"
                " expected unique ids. Change one in the column id."
            )
        rows_of[utterance.id] = row
        # Path.is_file raises where a name is too long for the file system.
        if os.path.isfile(folder / utterance.file) if held is None else utterance.file in held:
            utterances.append(utterance)
        else:
            message = f"{where} lists it, but {folder} does not contain it; skipped"
            problems.append(Problem(file=utterance.file, message=message))
    if not rows_of:
        raise InputError(f"{options.manifest} is empty: expected at least one row below the header, received none.")
    if not utterances:
        raise InputError(
            f"none of the {len(problems)} files of {options.manifest} exists below {folder} (the first is"
            f" {problems[0].file}): expected paths relative to --audio-dir. Give the folder that contains them."
        )
    problems += duplicate_problems(utterances, folder=folder)
    labels = options.labels or labels_of(utterances)
    return listing(
        corpus=NAME, folder=folder, utterances=utterances, labels=labels, problems=problems, expected=_EXPECTED
    )


def _rows(manifest: Path, target: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the number and the fields of each row that is not blank; the header is row 1."""
    with translate_fs_errors(manifest):
        is_file = manifest.is_file()
    if not is_file:
        raise InputError(f"the manifest {manifest} is not a file: expected a CSV file. Check the path of --manifest.")
    required = tuple(dict.fromkeys((*REQUIRED_COLUMNS, target)))
    table = CsvTable(manifest, expected=(*required, *OPTIONAL_COLUMNS))
    _require_columns(table.columns, manifest, required)
    return iter(table)


def _require_columns(found: list[str], manifest: Path, required: tuple[str, ...]) -> None:
    if not found:
        raise InputError(f"{manifest} is empty: expected the columns {', '.join(required)}, received nothing.")
    missing = [name for name in required if name not in found]
    if missing:
        hint = closest(missing[0], found)
        raise InputError(
            f"{manifest} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}: expected"
            f" {', '.join(required)}, received {', '.join(found)}. Rename or add columns, or name the column with the"
            f" labels by --target.{hint}"
        )
    for name in (*required, *OPTIONAL_COLUMNS):
        if found.count(name) > 1:
            raise InputError(
                f"{manifest} has the column {name} {found.count(name)} times: expected it once. Rename one."
            )


def _utterance(fields: dict[str, str], *, target: str, labels: tuple[str, ...], where: str) -> Utterance:
    """Check one row."""
    file = _relative(fields["file"], where)
    if not fields["speaker"]:
        raise InputError(f"{where}: expected a speaker, received a blank. Folds are made by speaker.")
    gender = fields.get("gender", "")
    if gender.lower() not in _GENDERS:
        raise InputError(f"{where}: expected the gender F, M or a blank, received {gender!r}.")
    label = _GENDERS[gender.lower()] if target == "gender" else fields[target]
    if labels and label and label not in labels:
        raise InputError(
            f"{where}: expected a value of {target} out of {', '.join(labels)}, or a blank, received {label!r}."
            f"{closest(label, labels)}"
        )
    if target == SPEAKER and is_unknown(label):
        label = ""
    style = fields.get("style", "")
    if style and style not in _STYLES:
        raise InputError(
            f"{where}: expected the style {', '.join(_STYLES)} or a blank, received {style!r}.{closest(style, _STYLES)}"
        )
    start_s = _seconds(fields, "start", where)
    end_s = _seconds(fields, "end", where)
    if end_s is not None and end_s <= (start_s or 0.0):
        raise InputError(f"{where}: expected an end after the start, received start {start_s or 0.0} and end {end_s}.")
    return Utterance(
        id=fields.get("id", "") or _default_id(file, start_s=start_s, end_s=end_s),
        file=file,
        speaker=fields["speaker"],
        label=label,
        annotation=label,
        session=fields.get("session", ""),
        gender=_GENDERS[gender.lower()],
        style=style,
        start_s=start_s or 0.0,
        end_s=end_s,
        arousal=_judged(fields, "arousal", where),
        valence=_judged(fields, "valence", where),
        columns=tuple((name, text) for name, text in fields.items() if name and name not in (*_READ, target)),
    )


def _relative(file: str, where: str) -> str:
    """Return a path with forward slashes, or raise an `InputError` if it cannot be below the audio folder."""
    path = PurePosixPath(file.replace("\\", "/"))
    if not path.parts:
        raise InputError(f"{where}: expected a file, received a blank.")
    if "\0" in file:
        raise InputError(f"{where}: expected a file, received a name with a null character: {file!r}.")
    if path.is_absolute() or _DRIVE.match(file):
        raise InputError(f"{where}: expected a path relative to the audio folder, received the absolute path {file!r}.")
    if ".." in path.parts:
        raise InputError(f"{where}: expected a path inside the audio folder, received {file!r}, which leads out of it.")
    return path.as_posix()


def _seconds(fields: dict[str, str], column: str, where: str) -> float | None:
    """Parse a time in seconds; None if it is blank."""
    return _number(fields, column, where, expected=f"{column} in seconds, 0 or more", least=0.0)


def _judged(fields: dict[str, str], column: str, where: str) -> float | None:
    """Parse a rating; None if it is blank."""
    return _number(fields, column, where, expected=f"{column} as a number, or a blank", least=-math.inf)


def _number(fields: dict[str, str], column: str, where: str, *, expected: str, least: float) -> float | None:
    text = fields.get(column, "")
    if not text:
        return None
    value = parse_number(text)
    if value is None or not math.isfinite(value) or value < least:
        raise InputError(f"{where}: expected {expected}, received {text!r}.")
    return value


def _default_id(file: str, *, start_s: float | None, end_s: float | None) -> str:
    stem = PurePosixPath(file).with_suffix("").as_posix()
    if start_s is None and end_s is None:
        return stem
    return f"{stem}_{start_s or 0.0}-{'end' if end_s is None else end_s}"


CORPUS = Corpus(
    name=NAME,
    title="Own corpus",
    licence="As its owner states it",
    citation="",
    url="",
    read=read,
    reads_target=True,
)
