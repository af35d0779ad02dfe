"""IEMOCAP: five sessions of two actors each; the corpus of the paper."""

import re
from pathlib import Path

from ser_fop.corpora.audio_files import Problem, find_audio, is_stray
from ser_fop.corpora.base import Corpus, Listing, ReadOptions, listing, require_folder
from ser_fop.corpora.iemocap_evaluation import read_evaluation
from ser_fop.corpora.iemocap_release import check_release
from ser_fop.corpora.labels import chosen_labels
from ser_fop.corpora.schema import Utterance
from ser_fop.errors import InputError

LABELS = ("ang", "hap", "sad", "neu")
ANNOTATIONS = ("ang", "hap", "exc", "sad", "neu", "fru", "sur", "fea", "dis", "oth", "xxx")
_SESSION = re.compile(r"Session([1-5])$")
_NAME = re.compile(r"(Ses0[1-5])[FM]_(impro|script)\w*_([FM])\w+$")


def read(folder: Path, options: ReadOptions) -> Listing:
    """List the utterances of a release, of some of its sessions, or of a tree with the same layout.

    Args:
        folder: Folder that contains `Session1` .. `Session5`, or its parent.
        options: `labels` may name other annotations than the four classes. `exc` counts as `hap` unless it is a label
            itself.

    Raises:
        InputError: If no session is found, a label is unknown, or a full release does not have its published counts.
    """
    labels = chosen_labels(options.labels, ANNOTATIONS, "IEMOCAP") if options.labels else LABELS
    root = _root(require_folder(folder, "iemocap"))
    utterances: list[Utterance] = []
    problems: list[Problem] = []
    sessions = sorted(path for path in root.iterdir() if _SESSION.match(path.name))
    unmatched = sum(_read_session(session, folder, labels, utterances, problems) for session in sessions)
    problems += check_release(
        root,
        sessions=[f"Ses0{session.name[-1]}" for session in sessions],
        utterances=utterances,
        unmatched=unmatched,
    )
    return listing(
        corpus="iemocap",
        folder=folder,
        utterances=utterances,
        labels=labels,
        problems=problems,
        expected="Session1/sentences/wav/<dialog>/<utterance>.wav (or .flac) and Session1/dialog/EmoEvaluation/<dialog>.txt",
    )


def _root(folder: Path) -> Path:
    """Find the folder that contains the sessions: `folder`, or one of its direct subfolders."""
    for candidate in (folder, *sorted(path for path in folder.iterdir() if path.is_dir() and not is_stray(path))):
        if any(_SESSION.match(path.name) for path in candidate.iterdir()):
            return candidate
    raise InputError(
        f"{folder} does not contain IEMOCAP: expected folders Session1 .. Session5 in it, or in a direct subfolder."
    )


def _read_session(
    session: Path, base: Path, labels: tuple[str, ...], utterances: list[Utterance], problems: list[Problem]
) -> int:
    """Add the utterances and problems of a session; return how many files and evaluations lack the other."""
    annotations = read_evaluation(session / "dialog" / "EmoEvaluation", base, problems)
    audio = find_audio(session / "sentences" / "wav", (".wav", ".flac"), base=base)
    problems += audio.problems
    seen: set[str] = set()
    for path in audio.files:
        file = path.relative_to(base).as_posix()
        name = _NAME.match(path.stem)
        if name is None:
            problems.append(Problem(file=file, message="its name is not that of an IEMOCAP utterance; skipped"))
            continue
        seen.add(path.stem)
        if path.stem not in annotations:
            problems.append(Problem(file=file, message="has no line in dialog/EmoEvaluation; skipped"))
            continue
        annotation = annotations[path.stem]
        emotion = "hap" if annotation.label == "exc" and "exc" not in labels else annotation.label
        utterances.append(
            Utterance(
                id=path.stem,
                file=file,
                # The last field names the speaker; the dialog's name names the actor who wears the markers.
                speaker=name[1] + name[3],
                session=name[1],
                gender=name[3],
                style="improvised" if name[2] == "impro" else "scripted",
                label=emotion if emotion in labels else "",
                annotation=annotation.label,
                arousal=annotation.arousal,
                valence=annotation.valence,
            )
        )
    missing_files = sorted(set(annotations) - seen)
    for missing in missing_files:
        file = f"{session.relative_to(base).as_posix()}/sentences/wav/{missing.rsplit('_', 1)[0]}/{missing}.wav"
        problems.append(Problem(file=file, message="is annotated but does not exist; skipped"))
    return len(missing_files) + len(seen - set(annotations))


CORPUS = Corpus(
    name="iemocap",
    title="IEMOCAP",
    licence="by request from USC SAIL, not redistributable",
    citation="Busso et al. 2008, IEMOCAP: interactive emotional dyadic motion capture database",
    url="https://sail.usc.edu/iemocap/",
    read=read,
)
