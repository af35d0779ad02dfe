"""Speaker verification: are two recordings of the same speaker? Scored by the cosine of two vectors."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from ser_fop.errors import InputError

# Prior of a pair of one speaker, at equal costs of both errors, as in the evaluations of VoxCeleb.
SAME_PRIOR = 0.01
# Number of utterances whose pairs are scored at most.
_MOST_UTTERANCES = 4000
_BINS = 4000
_DRAWS = 200
_ENDS = (2.5, 97.5)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Verification:
    """Errors of speaker verification over all pairs of utterances.

    Attributes:
        eer: Equal error rate: the error at the threshold where as many strangers are accepted as speakers are rejected.
        min_dcf: Least detection cost over all thresholds, at a prior of 0.01 for pairs of one speaker, divided by the
            cost of the better constant answer.
        eer_interval: 95 % interval of `eer` (bootstrap over speakers).
        same: Number of pairs of one speaker.
        different: Number of pairs of two speakers.
    """

    eer: float
    min_dcf: float
    eer_interval: tuple[float, float]
    same: int
    different: int


def verify_speakers(vectors: np.ndarray, speakers: Sequence[str], groups: Sequence[str]) -> Verification:
    """Score all pairs of utterances of different groups by the cosine of their vectors.

    Args:
        vectors: One vector for each utterance, (utterances, features). Subtract a mean of other utterances first.
        speakers: Speaker of each utterance.
        groups: What must differ within a pair, such as the session or the text; the ids where nothing is known.

    Returns:
        The errors. Of more than 4000 utterances, 4000 are drawn.

    Raises:
        InputError: If there is no pair of one speaker, or none of two speakers.

    Example:
        >>> vectors = np.array([[1, 0], [1, 0.1], [0, 1], [0.1, 1.0]])
        >>> verify_speakers(vectors, ["a", "a", "b", "b"], ["1", "2", "3", "4"]).eer
        0.0
    """
    drawn = np.random.default_rng(0).permutation(len(vectors))[:_MOST_UTTERANCES]
    unit = vectors[drawn] / np.maximum(np.linalg.norm(vectors[drawn], axis=1, keepdims=True), 1e-12)
    group = np.asarray(groups)[drawn]
    names, speaker = np.unique(np.asarray(speakers)[drawn], return_inverse=True)
    first, second = np.triu_indices(len(drawn), 1)
    allowed = group[first] != group[second]
    first, second = first[allowed], second[allowed]
    is_same = speaker[first] == speaker[second]
    if not is_same.any() or is_same.all():
        raise InputError(
            "speaker verification expected pairs of one speaker and pairs of two, received one kind only. Test more"
            " utterances of each speaker, and more speakers."
        )
    # Cosines from -1 to 1 as numbers of bins: the errors are then sums over bins, for any weights of the pairs.
    bins = np.round((np.clip((unit @ unit.T)[first, second], -1, 1) + 1) / 2 * (_BINS - 1)).astype(int)
    eer, min_dcf = _errors(bins, is_same, np.ones(len(bins)))
    generator = np.random.default_rng(0)
    draws = []
    for _ in range(_DRAWS):
        times = np.bincount(generator.integers(len(names), size=len(names)), minlength=len(names))
        # A speaker who is drawn twice is the same speaker twice, not two strangers.
        weights = np.where(is_same, times[speaker[first]], times[speaker[first]] * times[speaker[second]])
        if weights[is_same].any() and weights[~is_same].any():
            draws.append(_errors(bins, is_same, weights)[0])
    low, high = np.percentile(draws, _ENDS)
    return Verification(
        eer=eer,
        min_dcf=min_dcf,
        eer_interval=(float(low), float(high)),
        same=int(is_same.sum()),
        different=int((~is_same).sum()),
    )


def _errors(bins: np.ndarray, is_same: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Return the equal error rate and the least normalised cost."""
    shares = []
    for chosen in (is_same, ~is_same):
        count = np.bincount(bins[chosen], weights[chosen], minlength=_BINS)
        shares.append(np.concatenate([[0.0], np.cumsum(count) / count.sum()]))
    missed, accepted = shares[0], 1 - shares[1]  # at a threshold below each bin, and above the last
    crossing = int(np.argmax(missed >= accepted))
    before = max(crossing - 1, 0)
    gap, last_gap = accepted[before] - missed[before], missed[crossing] - accepted[crossing]
    share = gap / (gap + last_gap) if gap + last_gap > 0 else 0.0
    eer = missed[before] + share * (missed[crossing] - missed[before])
    cost = np.min(SAME_PRIOR * missed + (1 - SAME_PRIOR) * accepted) / min(SAME_PRIOR, 1 - SAME_PRIOR)
    return float(eer), float(cost)
