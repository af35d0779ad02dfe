import numpy as np
import pytest

from ser_fop.training.callbacks.checkpoints import Checkpoints

ARRAYS = {"weight/0": np.arange(6, dtype=np.float32).reshape(2, 3), "optimizer/0": np.array(7)}


def save(checkpoints, *, epoch, step=0, **facts):
    return checkpoints.save(ARRAYS, {"epoch": epoch, **facts}, epoch=epoch, step=step)


def test_checkpoints_saved_and_read_give_equal_arrays_and_facts(tmp_path):
    checkpoints = Checkpoints(tmp_path / "c")
    assert checkpoints.latest() is None
    save(checkpoints, epoch=3, loss=[0.5, float("nan"), float("inf")])
    arrays, facts = checkpoints.latest()
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array)
        assert arrays[name].dtype == array.dtype
    assert facts["epoch"] == 3
    assert facts["loss"][0] == 0.5
    assert np.isnan(facts["loss"][1])


def test_checkpoints_keep_only_the_last_ones_in_order(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep=2)
    for epoch, step in [(0, 9), (0, 10), (9, 0), (10, 0), (10, 5)]:
        save(checkpoints, epoch=epoch, step=step)
    names = [path.name[:27] for path in checkpoints.found()]
    assert names == ["epoch-000010-step-000000000", "epoch-000010-step-000000005"]
    assert len(list(tmp_path.iterdir())) == 2


def cut(content):
    return content[: len(content) // 2]


def flip(content):
    return content[:-200] + bytes([content[-200] ^ 1]) + content[-199:]


def empty(content):
    return content[:0]


@pytest.mark.parametrize("damage", [cut, flip, empty])
def test_latest_skips_damaged_checkpoint_with_warning(tmp_path, damage, capsys):
    checkpoints = Checkpoints(tmp_path)
    save(checkpoints, epoch=1)
    last = save(checkpoints, epoch=2)
    assert checkpoints.latest()[1]["epoch"] == 2
    assert capsys.readouterr().err == ""
    last.write_bytes(damage(last.read_bytes()))
    assert checkpoints.latest()[1]["epoch"] == 1
    assert f"warning: the checkpoint {last} is damaged" in capsys.readouterr().err


@pytest.mark.parametrize("keep", [1, 3])
def test_save_after_damaged_checkpoints_keeps_the_new_ones(tmp_path, keep):
    checkpoints = Checkpoints(tmp_path, keep=keep)
    for epoch in (7, 8, 9):
        save(checkpoints, epoch=epoch)
    for path in checkpoints.found():
        path.write_bytes(b"x")
    assert checkpoints.latest() is None
    for epoch in (1, 2):
        assert save(checkpoints, epoch=epoch).exists()
    assert checkpoints.latest()[1]["epoch"] == 2
    assert len(checkpoints.found()) == min(keep, 2)


def test_save_removes_incomplete_files(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    (tmp_path / "epoch-000000-step-000000001-0123456789abcdef.tmp").write_bytes(b"half")
    save(checkpoints, epoch=1)
    assert not list(tmp_path.glob("*.tmp"))


def test_latest_with_only_damaged_checkpoints_returns_none(tmp_path, capsys):
    checkpoints = Checkpoints(tmp_path)
    for epoch in (1, 2):
        save(checkpoints, epoch=epoch).write_bytes(b"x")
    assert checkpoints.latest() is None
    assert capsys.readouterr().err.count("is damaged") == 2


def test_found_ignores_incomplete_and_foreign_files(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    whole = save(checkpoints, epoch=1)
    (tmp_path / "epoch-000002-step-000000000-0123456789abcdef.tmp").write_bytes(whole.read_bytes()[:100])
    (tmp_path / "epoch-000003-step-000000000.npz").write_bytes(b"")
    assert checkpoints.found() == [whole]
    assert checkpoints.latest()[1]["epoch"] == 1
