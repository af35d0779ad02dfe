"""Weights of utterances that make up for unequal numbers of them."""

from collections import Counter
from collections.abc import Collection, Mapping

import numpy as np

from ser_fop.data.joined_records import corpus_of


def balanced_weights(classes: Collection[int], *, count: int) -> dict[int, float]:
    """Return class weights that give all classes the same total weight; the mean over the utterances is 1.

    Args:
        classes: Class index of each training utterance.
        count: Number of classes; a class without utterances has weight 1.
    """
    counts = np.bincount(list(classes), minlength=count)
    return {
        index: float(counts.sum() / ((counts > 0).sum() * number)) if number else 1.0
        for index, number in enumerate(counts)
    }


def corpus_balanced_weights(classes: Mapping[str, int]) -> dict[str, float]:
    """Return weights that give corpora, and the classes within a corpus, the same total weight; their mean is 1.

    Args:
        classes: Class index of each utterance, by its id `corpus:id`.
    """
    counts = Counter((corpus_of(key), index) for key, index in classes.items())
    held = Counter(corpus for corpus, _ in counts)
    scale = len(classes) / len(held)
    return {key: scale / (held[corpus_of(key)] * counts[corpus_of(key), index]) for key, index in classes.items()}
