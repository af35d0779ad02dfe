import pytest

from ser_fop.training.callbacks.eta import TimeRemaining


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("ser_fop.training.callbacks.eta.time.monotonic", lambda: now[0])
    return now


@pytest.mark.parametrize(
    ("first", "epoch_seconds", "lines"),
    [
        (0, 10.0, [" - at most 30 s left, 3 of 4 epochs", " - at most 20 s left, 2 of 4 epochs"]),
        (2, 10.0, [" - at most 10 s left, 1 of 4 epochs", ""]),
        (0, 60.0, [" - at most 3 min left, 3 of 4 epochs", " - at most 2 min left, 2 of 4 epochs"]),
        (0, 3600.0, [" - at most 3 h 00 min left, 3 of 4 epochs", " - at most 2 h 00 min left, 2 of 4 epochs"]),
    ],
)
def test_time_remaining_follows_mean_epoch_duration(clock, capsys, first, epoch_seconds, lines):
    left = TimeRemaining()
    left.set_params({"epochs": 4})
    left.on_train_begin()
    for epoch, line in zip((first, first + 1), lines, strict=True):
        left.on_epoch_begin(epoch)
        clock[0] += epoch_seconds
        left.on_epoch_end(epoch)
        assert capsys.readouterr().out.rstrip("\n") == line
