"""Reading of a corpus with the labels of any target."""

import dataclasses
from pathlib import Path

from ser_fop.corpora.base import Corpus, Listing, ReadOptions
from ser_fop.corpora.labels import chosen_labels
from ser_fop.corpora.targets import labels_of, with_target
from ser_fop.errors import InputError


def read_corpus(corpus: Corpus, folder: Path, options: ReadOptions) -> Listing:
    """List the utterances of a corpus with the labels of a target.

    Args:
        corpus: Declaration of the corpus.
        folder: Folder of the corpus.
        options: `target` names the column with the labels; by default the corpus's own target. `labels` selects some
            of them.

    Raises:
        InputError: If the folder does not contain the corpus, or there is no such target or label.
    """
    target = options.target or corpus.target
    if target == corpus.target or corpus.reads_target:
        return corpus.read(folder, options)
    found = corpus.read(folder, dataclasses.replace(options, labels=()))
    utterances = with_target(found.utterances, target, own=corpus.target, where=corpus.title)
    if not any(one.label for one in utterances):
        raise InputError(
            f"--target {target} expected values, but this copy of {corpus.title} has none: every utterance is blank. Choose"
            " another target, or add the file that states it."
        )
    labels = chosen_labels(options.labels, labels_of(utterances), corpus.title)
    utterances = tuple(one if one.label in labels else dataclasses.replace(one, label="") for one in utterances)
    return dataclasses.replace(found, utterances=utterances, labels=labels)
