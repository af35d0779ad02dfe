"""The fold of a search, which leaves out the test speakers."""

from ser_fop.corpora.folds import Fold
from ser_fop.errors import InputError


def inner_fold(fold: Fold) -> Fold:
    """Return the fold that the trials of a search use.

    Its test speakers are the validation speakers of the given fold, so that they give every figure of the search.
    The same number of training speakers, evenly spaced in sorted order, become its validation speakers, which choose
    the epoch. The test speakers of the given fold are in no part.

    Args:
        fold: Fold of the corpus.

    Returns:
        The inner fold.

    Raises:
        InputError: If the fold has fewer than two training speakers.
    """
    train = sorted(fold.train)
    count = min(len(fold.validation), len(train) // 2)
    if count < 1:
        raise InputError(
            f"a search expected a fold with at least two training speakers, received {len(train)}."
            " Choose another --fold."
        )
    stride = len(train) // count
    validation = tuple(train[stride // 2 :: stride][:count])
    return Fold(
        test=fold.validation,
        validation=validation,
        train=tuple(speaker for speaker in train if speaker not in validation),
        unused=(*fold.test, *fold.unused),
    )
