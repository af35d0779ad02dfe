"""Writing of synthetic speech in the folder layouts of IEMOCAP and VCTK 0.92."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from ser_fop.corpora.synthetic.speech import draw_prosody, generator, render
from ser_fop.corpora.synthetic.texts import SENTENCES
from ser_fop.corpora.synthetic.voices import LABELLED, UNLABELLED, Voice

SAMPLE_RATE_HZ = 16000

_AUDIO = "wav48_silence_trimmed"
_LABELLED_SNR_DB = (12.0, 35.0)
_UNLABELLED_SNR_DB = (20.0, 40.0)
# Annotations outside the four classes; they alternate.
_OTHERS = ("fru", "xxx", "sur")
_RATER_NAMES = {
    "ang": "Anger",
    "hap": "Happiness",
    "exc": "Excited",
    "sad": "Sadness",
    "neu": "Neutral state",
    "fru": "Frustration",
    "sur": "Surprise",
    "xxx": "Other",
}
# Mean valence, activation and dominance on IEMOCAP's scale from 1 to 5.
_ATTRIBUTES = {
    "ang": (1.8, 3.8, 4.0),
    "hap": (4.0, 3.2, 3.2),
    "exc": (4.0, 3.8, 3.4),
    "sad": (2.2, 2.2, 2.7),
    "neu": (3.0, 2.7, 2.9),
    "fru": (2.3, 3.1, 3.3),
    "sur": (3.1, 3.4, 2.9),
    "xxx": (2.9, 3.0, 3.0),
}


@dataclass(frozen=True, kw_only=True)
class _Turn:
    """One utterance of a dialog, before its synthesis."""

    id: str
    voice: Voice
    annotation: str
    text: str


def write_iemocap_tree(
    root: Path, *, seed: int, spread: float, utterances_per_emotion: int, others_per_speaker: int
) -> dict[str, int]:
    """Write five sessions with two speakers each.

    Args:
        root: Parent folder of `Session1` to `Session5`.
        seed: Seed of the corpus.
        spread: Scale of the overlap between the emotions.
        utterances_per_emotion: Number of utterances per class and speaker, for the four classes.
        others_per_speaker: Number of utterances per speaker with another annotation.

    Returns:
        Number of utterances by annotation.
    """
    counts: dict[str, int] = {}
    for session in range(1, 6):
        voices = LABELLED[2 * session - 2 : 2 * session]
        dialogs = _dialogs(
            session=session,
            voices=voices,
            seed=seed,
            annotations=_annotations(utterances_per_emotion, others_per_speaker),
        )
        for dialog, turns in dialogs:
            _write_dialog(root / f"Session{session}", dialog=dialog, turns=turns, seed=seed, spread=spread)
            for turn in turns:
                counts[turn.annotation] = counts.get(turn.annotation, 0) + 1
    return dict(sorted(counts.items()))


def write_vctk_tree(
    root: Path, *, seed: int, spread: float, speakers: int, utterances_per_speaker: int
) -> dict[str, int]:
    """Write unlabelled read speech.

    Args:
        root: Parent folder of `wav48_silence_trimmed` and `txt`; `speaker-info.txt` is written there too.
        seed: Seed of the corpus.
        spread: Scale of the variation of the prosody.
        speakers: Number of speakers.
        utterances_per_speaker: Number of utterances per speaker.

    Returns:
        Number of utterances by speaker.
    """
    lines = ["ID  AGE  GENDER  ACCENTS  REGION"]
    for voice in UNLABELLED[:speakers]:
        lines.append(f"{voice.speaker[1:]}  {voice.age}  {voice.gender}    {voice.accent}  {voice.region}")
        for kind in (_AUDIO, "txt"):
            (root / kind / voice.speaker).mkdir(parents=True)
        for number in range(1, utterances_per_speaker + 1):
            name = f"{voice.speaker}_{number:03d}"
            rng = generator(seed=seed, role=f"unlabelled/{name}")
            text = SENTENCES[rng.integers(len(SENTENCES))]
            # Twice the spread: pretraining should see more variation than one emotion has.
            prosody = draw_prosody(voice=voice, emotion="read", seed=seed, spread=2.0 * spread, rng=rng)
            samples = render(
                text, voice=voice, prosody=prosody, sample_rate_hz=SAMPLE_RATE_HZ, snr_db=_UNLABELLED_SNR_DB, rng=rng
            )
            soundfile.write(root / _AUDIO / voice.speaker / f"{name}_mic1.flac", samples, SAMPLE_RATE_HZ)
            _write_text(root / "txt" / voice.speaker / f"{name}.txt", text + "\n")
    _write_text(root / "speaker-info.txt", "\n".join(lines) + "\n")
    return {voice.speaker: utterances_per_speaker for voice in UNLABELLED[:speakers]}


def _annotations(utterances_per_emotion: int, others_per_speaker: int) -> list[str]:
    """Return the annotations of one speaker. Every second happy utterance is annotated as excited."""
    happy = [("hap", "exc")[number % 2] for number in range(utterances_per_emotion)]
    others = [_OTHERS[number % len(_OTHERS)] for number in range(others_per_speaker)]
    return [emotion for emotion in ("ang", "sad", "neu") for _ in range(utterances_per_emotion)] + happy + others


def _dialogs(
    *, session: int, voices: tuple[Voice, ...], seed: int, annotations: list[str]
) -> Iterator[tuple[str, list[_Turn]]]:
    """Distribute the utterances of a session over two improvised and two scripted dialogs."""
    utterances = [(voice, annotation) for voice in voices for annotation in annotations]
    order = generator(seed=seed, role=f"session/{session}").permutation(len(utterances))
    names = ("F_impro01", "F_script01_1", "M_impro02", "M_script02_1")
    for position, suffix in enumerate(names):
        dialog = f"Ses{session:02d}{suffix}"
        turns: list[_Turn] = []
        turn_counts = dict.fromkeys("FM", 0)
        for line, index in enumerate(order[position :: len(names)]):
            voice, annotation = utterances[index]
            turn_id = f"{dialog}_{voice.gender}{turn_counts[voice.gender]:03d}"
            turn_counts[voice.gender] += 1
            # A script has the same text in every session.
            role = f"script/{suffix}/{line}" if "script" in suffix else f"text/{turn_id}"
            text = SENTENCES[generator(seed=seed, role=role).integers(len(SENTENCES))]
            turns.append(_Turn(id=turn_id, voice=voice, annotation=annotation, text=text))
        if turns:
            yield dialog, turns


def _write_dialog(session: Path, *, dialog: str, turns: list[_Turn], seed: int, spread: float) -> None:
    """Write the recordings, the evaluation and the transcript of one dialog."""
    folder = session / "sentences" / "wav" / dialog
    folder.mkdir(parents=True)
    evaluation = ["% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"]
    transcript = []
    start_s = 5.0
    for turn in turns:
        rng = generator(seed=seed, role=f"labelled/{turn.id}")
        prosody = draw_prosody(voice=turn.voice, emotion=turn.annotation, seed=seed, spread=spread, rng=rng)
        samples = render(
            turn.text,
            voice=turn.voice,
            prosody=prosody,
            sample_rate_hz=SAMPLE_RATE_HZ,
            snr_db=_LABELLED_SNR_DB,
            rng=rng,
        )
        soundfile.write(folder / f"{turn.id}.flac", samples, SAMPLE_RATE_HZ)
        end_s = start_s + samples.size / SAMPLE_RATE_HZ
        evaluation.append(_evaluation_block(turn, start_s=start_s, end_s=end_s, rng=rng))
        transcript.append(f"{turn.id} [{start_s:08.4f}-{end_s:08.4f}]: {turn.text}\n")
        start_s = end_s + rng.uniform(0.2, 1.5)
    _write_text(session / "dialog" / "EmoEvaluation" / f"{dialog}.txt", "".join(evaluation))
    _write_text(session / "dialog" / "transcriptions" / f"{dialog}.txt", "".join(transcript))


def _evaluation_block(turn: _Turn, *, start_s: float, end_s: float, rng: np.random.Generator) -> str:
    """Return the lines of one utterance in the format of `EmoEvaluation/<dialog>.txt`."""
    # With two raters per scale, the means are multiples of 0.5, as in IEMOCAP.
    ratings = np.clip(np.round(np.array(_ATTRIBUTES[turn.annotation]) + rng.normal(scale=0.6, size=(2, 3))), 1, 5)
    mean = ", ".join(f"{value:.4f}" for value in ratings.mean(axis=0))
    lines = [f"[{start_s:.4f} - {end_s:.4f}]\t{turn.id}\t{turn.annotation}\t[{mean}]"]
    lines += [f"C-E{rater}:\t{_RATER_NAMES[turn.annotation]};\t()" for rater in (1, 2)]
    for rater, (valence, activation, dominance) in enumerate(ratings, start=1):
        lines.append(f"A-E{rater}:\tval {valence:.0f}; act {activation:.0f}; dom  {dominance:.0f};\t()")
    return "\n".join(lines) + "\n\n"


def _write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
