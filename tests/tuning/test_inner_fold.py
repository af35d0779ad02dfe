import pytest

from ser_fop.corpora.folds import Fold, FoldFile, check_folds, published_folds
from ser_fop.errors import InputError
from ser_fop.tuning.inner_fold import inner_fold


@pytest.mark.parametrize("number", range(5))
def test_inner_fold_excludes_test_speakers(number):
    fold = published_folds("ravdess").folds[number]
    inner = inner_fold(fold)
    assert inner.test == fold.validation
    assert set(inner.train) | set(inner.validation) == set(fold.train)
    assert len(inner.validation) == len(fold.validation)
    assert set(fold.test) <= set(inner.unused)
    check_folds(FoldFile(corpus="ravdess", protocol="search", description="", folds=(inner,)), name="inner")


def test_inner_fold_rejects_too_few_training_speakers():
    with pytest.raises(InputError, match="at least two training speakers, received 1"):
        inner_fold(Fold(test=("a",), validation=("b",), train=("c",)))
