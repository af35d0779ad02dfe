import pytest

from ser_fop.utils.threads import stated_threads


@pytest.mark.parametrize(("stated", "threads"), [("3", 3), ("2,1", 2), ("", 0), ("many", 0)])
def test_threads_follow_openmp(monkeypatch, stated, threads):
    monkeypatch.setenv("OMP_NUM_THREADS", stated)
    assert stated_threads() == threads
