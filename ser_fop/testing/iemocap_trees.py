"""Folder trees in the layout of IEMOCAP: a small one with unusual cases, and one with the published counts."""

import os
import random
from collections.abc import Iterable
from pathlib import Path

from ser_fop.testing.tones import write_apple_double, write_text, write_voice

_HEADER = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"
_RATERS = "C-E2:\tNeutral;\t()\nC-E3:\tAnger;\t()\nC-F1:\tNeutral;\t(curious)\nA-E3:\tval 3; act 2; dom  2;\t()\n"

# Turns of the small tree by dialog. Both speakers talk in each dialog; the first letter of a turn is the speaker.
SMALL_DIALOGS = {
    "F_impro01": (("F000", "neu"), ("M000", "ang"), ("F001", "fru"), ("M001", "sad")),
    "M_impro05a": (("M000", "hap"), ("F000", "xxx")),
    "M_impro05b": (("F000", "exc"), ("M012", "sur")),
    "M_script01_1": (("F000", "sad"), ("M000", "neu")),
    # Its name starts with that of the dialog above.
    "M_script01_1b": (("M000", "exc"), ("F000", "ang")),
}

# Published counts by session: wav files; annotations of the four classes; how many of these are of the woman.
_PUBLISHED = {
    1: (1819, {"ang": 229, "hap": 135, "exc": 143, "sad": 194, "neu": 384}, 528),
    2: (1811, {"ang": 137, "hap": 117, "exc": 210, "sad": 197, "neu": 362}, 481),
    3: (2136, {"ang": 240, "hap": 135, "exc": 151, "sad": 305, "neu": 320}, 522),
    4: (2103, {"ang": 327, "hap": 65, "exc": 238, "sad": 143, "neu": 258}, 528),
    5: (2170, {"ang": 170, "hap": 143, "exc": 299, "sad": 245, "neu": 384}, 590),
}
_PUBLISHED_OTHERS = {"xxx": 2507, "fru": 1849, "sur": 107, "fea": 40, "oth": 3, "dis": 2}
_SCRIPTS = ("script01_1", "script01_2", "script01_3", "script02_1", "script02_2", "script03_1", "script03_2")
_IMPROVISATIONS = tuple(f"impro{number:02d}" for number in range(1, 8))
_FURTHER_DIALOGS = {
    1: (),
    2: ("F_impro08", "M_impro08"),
    3: ("F_impro08", "M_impro08", "M_impro05a", "M_impro05b"),
    4: ("F_impro08", "M_impro08"),
    5: ("F_impro08", "M_impro08", "M_script01_1b"),
}


def fake_iemocap(
    root: Path,
    *,
    sessions: Iterable[int] = (1, 2, 3, 4, 5),
    repeats: int = 1,
    seconds: float = 0.4,
    marker: bool = True,
) -> Path:
    """Write a small tree: in each session, twelve utterances, of which nine have one of the four classes.

    Each speaker has at least one utterance of each of the four classes. Unusual cases: AppleDouble files; raters'
    folders with other labels; utterances of women in dialogs named after men, and the reverse; dialogs with the
    suffixes `a` and `b`; the labels `xxx`, `fru`, `exc` and `sur`; transcript lines that are not utterances.

    Args:
        root: Parent folder of `Session1`, `Session2` and so on.
        sessions: Numbers of the sessions.
        repeats: Number of repetitions of each turn.
        seconds: Duration of an utterance, in seconds.
        marker: Whether to write `SYNTHETIC.json`, which marks the tree as not the real release. Without it, a tree of
            all five sessions must have the published counts.

    Returns:
        `root`.
    """
    write_text(root / "README.txt", "A tree in the layout of IEMOCAP.\n")
    write_text(root / "Documentation" / "transcription.txt", "Nothing to read.\n")
    if marker:
        write_text(root / "SYNTHETIC.json", "{}\n")
    for session in sessions:
        for suffix, turns in SMALL_DIALOGS.items():
            dialog = f"Ses{session:02d}{suffix}"
            utterances = [
                (f"{dialog}_{turn[0]}{int(turn[1:]) + 20 * repeat:03d}", label)
                for turn, label in turns
                for repeat in range(repeats)
            ]
            for name, label in utterances:
                speaker = name[:5] + name.rsplit("_", 1)[1][0]
                write_voice(_wav(root, session, dialog, name), speaker=speaker, emotion=label, seconds=seconds)
            _write_dialog(root / f"Session{session}", dialog, utterances)
        _write_strays(root / f"Session{session}", f"Ses{session:02d}F_impro01")
    return root


def fake_iemocap_full(root: Path) -> Path:
    """Write a tree of 10039 utterances in 151 dialogs with the published counts.

    The counts by session and annotation, and by session and gender in the four classes, are the published ones.
    All recordings are hard links to one file.

    Args:
        root: Parent folder of `Session1` to `Session5`.

    Returns:
        `root`.
    """
    write_text(root / "README.txt", "A tree in the layout of IEMOCAP.\n")
    recording = root / "Documentation" / "recording.wav"
    write_voice(recording, seconds=0.2)
    rng = random.Random(0)
    others = [label for label, count in _PUBLISHED_OTHERS.items() for _ in range(count)]
    rng.shuffle(others)
    for session, (wavs, four_class, women) in _PUBLISHED.items():
        labelled = [label for label, count in four_class.items() for _ in range(count)]
        rng.shuffle(labelled)
        turns = [("F" if index < women else "M", label) for index, label in enumerate(labelled)]
        turns += [(rng.choice("FM"), others.pop()) for _ in range(wavs - len(labelled))]
        rng.shuffle(turns)
        dialogs = _dialogs(session)
        for position, dialog in enumerate(dialogs):
            turn_count = {"F": 0, "M": 0}
            lines = []
            for gender, label in turns[position :: len(dialogs)]:
                lines.append((f"{dialog}_{gender}{turn_count[gender]:03d}", label))
                turn_count[gender] += 1
            _write_dialog(root / f"Session{session}", dialog, lines)
            _wav(root, session, dialog, "any").parent.mkdir(parents=True)
            for name, _ in lines:
                os.link(recording, _wav(root, session, dialog, name))
    return root


def _dialogs(session: int) -> list[str]:
    """Return the names of a session's dialogs."""
    suffixes = [f"{gender}_{name}" for gender in "FM" for name in (*_IMPROVISATIONS, *_SCRIPTS)]
    return [f"Ses{session:02d}{suffix}" for suffix in (*suffixes, *_FURTHER_DIALOGS[session])]


def _wav(root: Path, session: int, dialog: str, name: str) -> Path:
    return root / f"Session{session}" / "sentences" / "wav" / dialog / f"{name}.wav"


def _write_dialog(session: Path, dialog: str, turns: list[tuple[str, str]]) -> None:
    """Write a dialog's label file, transcript and raters' labels."""
    blocks, transcript = [], []
    for number, (name, label) in enumerate(turns):
        start_s, end_s = 6.2901 + 2 * number, 8.2357 + 2 * number
        blocks.append(f"[{start_s:.4f} - {end_s:.4f}]\t{name}\t{label}\t[2.5000, 2.5000, 2.5000]\n{_RATERS}\n")
        transcript.append(f"{name} [{start_s:08.4f}-{end_s:08.4f}]: Excuse me.\n")
    transcript += [f"{dialog}_MXX0 [000.0000-001.0000]: Right.\n", "M: [LAUGHTER]\n"]
    evaluation = session / "dialog" / "EmoEvaluation"
    write_text(evaluation / f"{dialog}.txt", _HEADER + "".join(blocks))
    write_text(evaluation / f"{dialog}.anvil", "<annotation/>\n")
    # Labels of single raters, which differ from the final label.
    opinions = "".join(f"[6.2901 - 8.2357]\t{name}\tdis\t[1.0000, 1.0000, 1.0000]\n" for name, _ in turns)
    write_text(evaluation / "Categorical" / f"{dialog}_e2_cat.txt", opinions)
    write_text(evaluation / "Attribute" / f"{dialog}_e3_atr.txt", opinions)
    write_text(evaluation / "Self-evaluation" / f"{dialog}_f1_atr.txt", opinions)
    write_text(session / "dialog" / "transcriptions" / f"{dialog}.txt", "".join(transcript))


def _write_strays(session: Path, dialog: str) -> None:
    """Write files that are neither utterances nor label files."""
    write_apple_double(session / "sentences" / "wav" / dialog / f"{dialog}_F000.wav")
    write_apple_double(session / "dialog" / "EmoEvaluation" / f"{dialog}.txt")
    write_apple_double(session / "dialog" / "avi" / "DivX" / f"{dialog}.avi")
    # The recording of the whole dialog.
    write_voice(session / "dialog" / "wav" / f"{dialog}.wav")
