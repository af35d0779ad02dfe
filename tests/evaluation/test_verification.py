import numpy as np
import pytest
from sklearn.metrics import roc_curve

from ser_fop.errors import InputError
from ser_fop.evaluation.verification import SAME_PRIOR, verify_speakers


def voices(spread, speakers=12, each=6):
    """Vectors around one direction for each speaker."""
    generator = np.random.default_rng(0)
    centres = generator.normal(size=(speakers, 16))
    vectors = np.repeat(centres, each, axis=0) + spread * generator.normal(size=(speakers * each, 16))
    names = np.repeat([f"speaker {number}" for number in range(speakers)], each)
    return vectors, names, [str(number) for number in range(len(vectors))]


def test_errors_agree_with_the_receiver_operating_characteristic():
    vectors, names, ids = voices(1.0)
    found = verify_speakers(vectors, names, ids)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    first, second = np.triu_indices(len(unit), 1)
    is_same = names[first] == names[second]
    accepted, kept, _ = roc_curve(is_same, (unit @ unit.T)[first, second], drop_intermediate=False)
    place = np.argmin(np.abs(accepted - (1 - kept)))
    assert found.eer == pytest.approx((accepted[place] + 1 - kept[place]) / 2, abs=0.01)
    costs = SAME_PRIOR * (1 - kept) + (1 - SAME_PRIOR) * accepted
    assert found.min_dcf == pytest.approx(costs.min() / SAME_PRIOR, abs=0.02)
    assert found.eer_interval[0] <= found.eer <= found.eer_interval[1]
    assert (found.same, found.different) == (is_same.sum(), (~is_same).sum())


def test_order_of_difficulty():
    errors = [verify_speakers(*voices(spread)).eer for spread in (0.05, 1.0, 100.0)]
    assert errors[0] == 0.0
    assert errors == sorted(errors)
    assert errors[2] == pytest.approx(0.5, abs=0.08)


def test_no_information_costs_as_much_as_a_constant_answer():
    vectors, names, ids = voices(100.0)
    assert verify_speakers(vectors, names, ids).min_dcf == pytest.approx(1.0, abs=0.1)
    assert verify_speakers(np.ones_like(vectors), names, ids).min_dcf == pytest.approx(1.0)


def test_pairs_of_one_group_are_not_scored():
    vectors, names, _ = voices(1.0)
    sessions = [f"{name}/{number % 2}" for number, name in enumerate(names)]
    assert verify_speakers(vectors, names, sessions).same == 12 * 9


def test_one_kind_of_pair_is_refused():
    vectors, names, ids = voices(1.0, speakers=1)
    with pytest.raises(InputError, match="one kind only"):
        verify_speakers(vectors, names, ids)
