"""A corpus of the user's own: a folder of audio and a CSV."""

import csv
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from ser_fop.corpora.base import Corpus, Listing, Problem, ReadOptions, listing, require_folder
from ser_fop.errors import InputError, closest
from ser_fop.schema import Utterance

REQUIRED = ("file", "speaker", "emotion")
OPTIONAL = ("session", "start", "end", "id", "gender", "style")


def read(folder: Path, options: ReadOptions) -> Listing:
    """List what a CSV names.

    Args:
        folder: Audio folder, to which the column `file` is relative.
        options: `manifest`, the CSV, with columns file, speaker, emotion (may be
            blank), and optionally session, start and end (seconds), id, gender,
            style; `labels`, the label set (all that occur, sorted, by default).

    Raises:
        InputError: If the CSV is missing, lacks a column, or a row is wrong; the
            message names the row.
    """
    require_folder(folder, "csv")
    if options.manifest is None:
        raise InputError(f"corpus 'csv' needs --manifest FILE.csv with the columns {', '.join(REQUIRED)}.")
    if not options.manifest.is_file():
        raise InputError(f"the manifest {options.manifest} does not exist.")
    try:
        with options.manifest.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            _check_columns(reader.fieldnames or (), options.manifest)
            lines = [(reader.line_num, line) for line in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{options.manifest} is not a UTF-8 CSV file ({error}).") from error
    if not lines:
        raise InputError(f"{options.manifest} has a header but no rows.")
    utterances, problems, row_of = [], [], {}
    for number, line in lines:
        where = f"{options.manifest} row {number}"
        utterance = _utterance(line, where=where, folder=folder, labels=options.labels)
        if utterance.id in row_of:
            raise InputError(f"{where}: the id {utterance.id!r} stands in row {row_of[utterance.id]} too. Ids must be unique.")
        row_of[utterance.id] = number
        if (folder / utterance.file).is_file():
            utterances.append(utterance)
        else:
            problems.append(Problem(file=utterance.file, message=f"named in row {number}, but does not exist; skipped"))
    labels = options.labels or tuple(sorted({utterance.emotion for utterance in utterances} - {""}))
    return listing(
        corpus="csv",
        folder=folder,
        utterances=utterances,
        labels=labels,
        problems=problems,
        expected=f"the files that {options.manifest} names",
    )


def _check_columns(columns: tuple[str, ...] | list[str], path: Path) -> None:
    for column in REQUIRED:
        if column not in columns:
            raise InputError(f"{path} lacks the column {column!r}: found {', '.join(columns) or 'none'}.{closest(column, columns)}")


def _utterance(line: Mapping[str, str | None], *, where: str, folder: Path, labels: tuple[str, ...]) -> Utterance:
    """Check one row and turn it into an utterance."""
    fields = {column: (line.get(column) or "").strip() for column in (*REQUIRED, *OPTIONAL)}
    file = _inside(fields["file"], where=where, folder=folder)
    if not fields["speaker"]:
        raise InputError(f"{where}: the speaker is blank. Speaker-disjoint folds need one.")
    emotion = fields["emotion"]
    if emotion and labels and emotion not in labels:
        raise InputError(f"{where}: label {emotion!r} is not in the label set {', '.join(labels)}.{closest(emotion, labels)}")
    start_s = _seconds(fields["start"], "start", where) or 0.0
    end_s = _seconds(fields["end"], "end", where)
    if end_s is not None and end_s <= start_s:
        raise InputError(f"{where}: end {end_s:g} s is not after start {start_s:g} s.")
    segment = f"-{start_s:g}-{'end' if end_s is None else f'{end_s:g}'}" if fields["start"] or fields["end"] else ""
    return Utterance(
        id=fields["id"] or str(PurePosixPath(file).with_suffix("")) + segment,
        file=file,
        speaker=fields["speaker"],
        session=fields["session"],
        gender=fields["gender"],
        style=fields["style"],
        emotion=emotion,
        annotation=emotion,
        start_s=start_s,
        end_s=end_s,
    )


def _inside(file: str, *, where: str, folder: Path) -> str:
    """Return `file` with forward slashes, or refuse one outside the audio folder."""
    if not file:
        raise InputError(f"{where}: the file is blank.")
    path = folder / file.replace("\\", "/")
    if not path.resolve().is_relative_to(folder.resolve()):
        raise InputError(f"{where}: {file!r} lies outside the audio folder {folder}. Give paths relative to it.")
    if Path(file).is_absolute():
        return path.relative_to(folder).as_posix()
    return PurePosixPath(file.replace("\\", "/")).as_posix()


def _seconds(value: str, column: str, where: str) -> float | None:
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError as error:
        raise InputError(f"{where}: {column} expected seconds, received {value!r}.") from error
    if not 0 <= seconds < float("inf"):
        raise InputError(f"{where}: {column} expected non-negative seconds, received {value!r}.")
    return seconds


CORPUS = Corpus(
    name="csv",
    title="Own corpus (CSV)",
    licence="the user's",
    citation="",
    url="",
    read=read,
)
