import pytest

from tests.budget import check_budget

BUDGETS = {"fast_s": 10.0, "slow_s": 100.0}


def test_test_within_its_budget_passes(request):
    check_budget(request.node, used_s=9.0, **BUDGETS)


def test_test_above_its_budget_fails(request):
    with pytest.raises(pytest.fail.Exception, match="more than its budget of 10 s"):
        check_budget(request.node, used_s=9999.0, **BUDGETS)


@pytest.mark.slow
def test_slow_test_has_the_larger_budget(request):
    check_budget(request.node, used_s=99.0, **BUDGETS)
    with pytest.raises(pytest.fail.Exception, match="more than its budget of 100 s"):
        check_budget(request.node, used_s=9999.0, **BUDGETS)
