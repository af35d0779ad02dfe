"""IEMOCAP: five sessions of two actors each; the corpus of the paper."""

import re
from pathlib import Path

from ser_fop.corpora.base import Corpus, Listing, Problem, ReadOptions, is_stray, listing, require_folder
from ser_fop.corpora.iemocap_release import check_release
from ser_fop.corpora.labels import chosen_labels
from ser_fop.corpora.schema import Utterance
from ser_fop.errors import InputError

LABELS = ("ang", "hap", "sad", "neu")
ANNOTATIONS = ("ang", "hap", "exc", "sad", "neu", "fru", "sur", "fea", "dis", "oth", "xxx")
_SESSION = re.compile(r"Session([1-5])$")
_NAME = re.compile(r"(Ses0[1-5])[FM]_(impro|script)\w*_([FM])\w+$")
_SUMMARY = re.compile(
    r"\[\s*([\d.]+)\s*-\s*([\d.]+)\s*\]\t(\S+)\t(\w+)\t(?:\[\s*([\d.]+)\s*,\s*([\d.]+)\s*,\s*[\d.]+\s*\])?"
)


def read(folder: Path, options: ReadOptions) -> Listing:
    """List the utterances of a release, of some of its sessions, or of a tree laid out alike.

    Args:
        folder: The folder that holds `Session1` .. `Session5`, or the one above it.
        options: `labels` other than the four classes may be chosen; `exc` counts as
            `hap` unless it is itself a label.

    Raises:
        InputError: If no session is found, a label is unknown, or a full release does
            not have its published counts.
    """
    labels = chosen_labels(options.labels, ANNOTATIONS, "IEMOCAP") if options.labels else LABELS
    root = _root(require_folder(folder, "iemocap"))
    utterances: list[Utterance] = []
    problems: list[Problem] = []
    sessions = sorted(path for path in root.iterdir() if _SESSION.match(path.name))
    for session in sessions:
        _read_session(session, folder, labels, utterances, problems)
    problems += check_release(
        root,
        sessions=[f"Ses0{session.name[-1]}" for session in sessions],
        utterances=utterances,
        unmatched=len(problems),
    )
    return listing(
        corpus="iemocap",
        folder=folder,
        utterances=utterances,
        labels=labels,
        problems=problems,
        expected="Session1/sentences/wav/<dialog>/<utterance>.wav and Session1/dialog/EmoEvaluation/<dialog>.txt",
    )


def _root(folder: Path) -> Path:
    """Find the folder that holds the sessions: `folder`, or one right below it."""
    for candidate in (folder, *sorted(path for path in folder.iterdir() if path.is_dir() and not is_stray(path))):
        if any(_SESSION.match(path.name) for path in candidate.iterdir()):
            return candidate
    raise InputError(
        f"{folder} holds no IEMOCAP: expected folders Session1 .. Session5 in it, or in a folder right below it."
    )


def _read_session(
    session: Path, base: Path, labels: tuple[str, ...], utterances: list[Utterance], problems: list[Problem]
) -> None:
    annotations = _annotations(session / "dialog" / "EmoEvaluation")
    seen = set()
    for path in sorted((session / "sentences" / "wav").glob("*/*.wav")):
        if is_stray(path):
            continue
        file = path.relative_to(base).as_posix()
        name = _NAME.match(path.stem)
        if name is None:
            problems.append(Problem(file=file, message="its name is not that of an IEMOCAP utterance; skipped"))
            continue
        seen.add(path.stem)
        if path.stem not in annotations:
            problems.append(Problem(file=file, message="has no line in dialog/EmoEvaluation; skipped"))
            continue
        annotation, valence, arousal = annotations[path.stem]
        emotion = "hap" if annotation == "exc" and "exc" not in labels else annotation
        utterances.append(
            Utterance(
                id=path.stem,
                file=file,
                # The last field says who speaks; the dialog's name says who wears the markers.
                speaker=name[1] + name[3],
                session=name[1],
                gender=name[3],
                style="improvised" if name[2] == "impro" else "scripted",
                emotion=emotion if emotion in labels else "",
                annotation=annotation,
                arousal=arousal,
                valence=valence,
            )
        )
    for missing in sorted(set(annotations) - seen):
        file = f"{session.relative_to(base).as_posix()}/sentences/wav/{missing.rsplit('_', 1)[0]}/{missing}.wav"
        problems.append(Problem(file=file, message="is annotated but does not exist; skipped"))


def _annotations(folder: Path) -> dict[str, tuple[str, float | None, float | None]]:
    """Read label, valence and arousal from the summary lines; the folders below hold each rater's own labels and are left alone."""
    found = {}
    for path in sorted(folder.glob("*.txt")):
        if is_stray(path):
            continue
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            summary = _SUMMARY.match(line)
            if summary:
                valence, arousal = (None if value is None else float(value) for value in summary.groups()[4:])
                found[summary[3]] = (summary[4], valence, arousal)
    return found


CORPUS = Corpus(
    name="iemocap",
    title="IEMOCAP",
    licence="by request from USC SAIL, not redistributable",
    citation="Busso et al. 2008, IEMOCAP: interactive emotional dyadic motion capture database",
    url="https://sail.usc.edu/iemocap/",
    read=read,
)
