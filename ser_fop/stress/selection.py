"""The recordings of a stress measurement."""

import contextlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np

from ser_fop.corpora.audio import AudioError, read_audio
from ser_fop.corpora.label_map import read_label_map
from ser_fop.corpora.schema import Utterance
from ser_fop.errors import InputError
from ser_fop.stress.measure import LabelledSound


def select_utterances(
    utterances: Sequence[Utterance],
    labels: Sequence[str],
    *,
    renamed: Mapping[str, str],
    speakers: Sequence[str] = (),
    limit: int = 0,
    seed: int = 0,
) -> list[tuple[Utterance, str]]:
    """Return utterances with a class of the model, drawn evenly over speakers and classes.

    Args:
        utterances: Utterances of a corpus.
        labels: Classes of the model.
        renamed: Class of the model by label of the corpus. Other labels keep their name, or have the name that the
            published label map gives them if the model has this class.
        speakers: Speakers to use; all if empty.
        limit: Maximum number of utterances; 0 means all.
        seed: Seed of the order within a speaker and class.

    Returns:
        Utterances with their class, sorted by id.

    Raises:
        InputError: If a speaker is unknown, or no utterance has a class of the model.
    """
    known = {utterance.speaker for utterance in utterances}
    if unknown := sorted(set(speakers) - known):
        raise InputError(f"--speakers expected speakers of the corpus, received {unknown[0]!r}.")
    class_of = _classes({utterance.label for utterance in utterances}, labels, renamed)
    groups: dict[tuple[str, str], list[tuple[Utterance, str]]] = defaultdict(list)
    for utterance in utterances:
        label = class_of.get(utterance.label, "")
        if label and (not speakers or utterance.speaker in speakers):
            groups[utterance.speaker, label].append((utterance, label))
    if not groups:
        raise InputError(
            f"expected utterances with one of the model's classes ({', '.join(labels)}), received none. Rename the"
            " corpus's labels with --test-labels THEIRS=OURS."
        )
    generator = np.random.default_rng(seed)
    shuffled = [[group[place] for place in generator.permutation(len(group))] for _, group in sorted(groups.items())]
    # One utterance of each speaker and class, in random order, then another one of each, and so on.
    rounds = [
        shuffled[number][place]
        for place in range(max(map(len, shuffled)))
        for number in generator.permutation(len(shuffled))
        if place < len(shuffled[number])
    ]
    return sorted(rounds[: limit or None], key=lambda pair: pair[0].id)


def _classes(found: Collection[str], labels: Sequence[str], renamed: Mapping[str, str]) -> dict[str, str]:
    """Return the class of the model by label of the corpus, for labels that have one."""
    label_map, classes = read_label_map(None), {}
    for name in found:
        label = renamed.get(name, name)
        if label not in labels:
            with contextlib.suppress(InputError):  # a label that the map does not know
                label = label_map.common(label)
        if label in labels:
            classes[name] = label
    return classes


def read_sounds(
    chosen: Sequence[tuple[Utterance, str]], folder: Path, *, sample_rate_hz: int
) -> tuple[list[LabelledSound], list[str]]:
    """Read the recordings; return them, and a line for each one that cannot be read."""
    sounds, problems = [], []
    for utterance, label in chosen:
        try:
            samples = read_audio(
                folder / utterance.file,
                sample_rate_hz=sample_rate_hz,
                start_s=utterance.start_s,
                end_s=utterance.end_s,
            )
        except AudioError as error:
            problems.append(f"{utterance.file} {error}")
            continue
        sounds.append(LabelledSound(id=utterance.id, speaker=utterance.speaker, label=label, samples=samples))
    if not sounds:
        raise InputError(f"none of the {len(chosen)} recordings can be read; the first: {problems[0]}.")
    return sounds, problems
