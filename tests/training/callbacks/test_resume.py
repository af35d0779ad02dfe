import os
import signal

import keras
import numpy as np
import pytest
import tensorflow as tf

from ser_fop.config.settings import ModelConfig
from ser_fop.data.datasets import unlabelled_batches
from ser_fop.errors import InputError, StoppedError
from ser_fop.losses import FramePredictionLoss
from ser_fop.metrics import FrameError
from ser_fop.models.frame_predictor import FramePredictor
from ser_fop.testing.toy_records import FEATURES, toy_utterances, write_toy_records
from ser_fop.training.callbacks.checkpoints import Checkpoints
from ser_fop.training.callbacks.early_stopping import BestWeights
from ser_fop.training.callbacks.resume import fit_resumably

MODEL = ModelConfig(d_model=8, heads=2, feed_forward=8, dropout=0.3)
EPOCHS = 3


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    return write_toy_records(tmp_path_factory.mktemp("toy") / "records", toy_utterances(per_speaker=8))


class KilledError(Exception):
    """Simulates SIGKILL: nothing is saved."""


class KillAt(keras.callbacks.Callback):
    def __init__(self, step):
        super().__init__()
        self.left = step

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if not self.left:
            raise KilledError


class Steps(keras.callbacks.Callback):
    """Counts the training steps."""

    def __init__(self):
        super().__init__()
        self.taken = 0

    def on_train_batch_end(self, batch, logs=None):
        self.taken += 1


class Setting:
    """Network and batches, built once; each training starts from the initial variables, as a new process does."""

    def __init__(self, records, model):
        keras.utils.set_random_seed(5)
        parts = [(records, {row.id for row in records.rows})]
        sizes = {"horizons": (1,), "batch_size": 4, "batch_frames": 100}
        self.epoch = tf.Variable(0, dtype=tf.int64)
        self.batches = unlabelled_batches(parts, seed=0, epoch=self.epoch, **sizes)
        self.validation = unlabelled_batches(parts, **sizes)
        self.network = FramePredictor(model, FEATURES.mels)
        std = np.ones(FEATURES.mels)
        schedule = keras.optimizers.schedules.CosineDecay(1e-2, EPOCHS * int(self.batches.cardinality()))
        self.network.compile(
            optimizer=keras.optimizers.Adam(schedule),
            loss=FramePredictionLoss("l1", std),
            weighted_metrics=[FrameError("l1", std)],
            jit_compile=False,
        )
        self.network.evaluate(self.validation, verbose=0)
        self.network.optimizer.build(self.network.trainable_variables)
        self.fresh = [np.array(variable) for variable in self.variables()]

    def variables(self):
        return [*self.network.variables, *self.network.optimizer.variables]

    def train(self, folder, *callbacks, every_s=1e9, patience=100, epochs=EPOCHS):
        """Train from the start or from the checkpoints in `folder`; return weights and history."""
        for variable, value in zip(self.variables(), self.fresh, strict=True):
            variable.assign(value)
        self.epoch.assign(99)
        fitted = fit_resumably(
            self.network,
            self.batches.skip,
            self.validation,
            epoch=self.epoch,
            epochs=epochs,
            stopping=BestWeights("val_error", patience=patience),
            checkpoints=Checkpoints(folder),
            every_s=every_s,
            callbacks=callbacks,
        )
        return self.network.get_weights(), fitted.history


@pytest.fixture(scope="module")
def train(records):
    return Setting(records, MODEL).train


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one[0], other[0], strict=True)) and one[1] == other[1]


@pytest.fixture(scope="module")
def whole(train, tmp_path_factory):
    steps = Steps()
    found = train(tmp_path_factory.mktemp("whole"), steps)
    return found, steps.taken


class TestKilled:
    @pytest.mark.parametrize(
        "every_s",
        [pytest.param(0.0, id="every step saved", marks=pytest.mark.slow), pytest.param(1e9, id="every epoch saved")],
    )
    def test_resume_after_kill_at_any_step_gives_identical_result(self, train, whole, tmp_path, every_s):
        found, taken = whole
        for step in sorted({1, 2, taken // 3, taken // 3 + 1, taken // 2, taken - 1, taken}):
            with pytest.raises(KilledError):
                train(tmp_path / str(step), KillAt(step), every_s=every_s)
            assert same(train(tmp_path / str(step), every_s=every_s), found), step

    def test_resume_after_repeated_kills_gives_identical_result(self, train, whole, tmp_path):
        found, taken = whole
        kills = 0
        while True:
            try:
                resumed = train(tmp_path, KillAt(4), every_s=0.0)
                break
            except KilledError:
                kills += 1
                assert kills < 2 * taken
        assert kills >= 3
        assert same(resumed, found)

    def test_resume_repeats_no_saved_step(self, train, whole, tmp_path):
        with pytest.raises(KilledError):
            train(tmp_path, KillAt(5), every_s=0.0)
        rest = Steps()
        train(tmp_path, rest, every_s=0.0)
        assert rest.taken == whole[1] - 4  # the fifth was not saved

    def test_resume_of_finished_training_takes_no_step(self, train, whole, tmp_path):
        train(tmp_path)
        steps = Steps()
        assert same(train(tmp_path, steps), whole[0])
        assert steps.taken == 0

    def test_resume_restores_early_stopping(self, train, tmp_path):
        options = {"patience": 1, "epochs": 12}
        found = train(tmp_path / "whole", **options)
        assert 1 < len(found[1]["loss"]) < 12
        with pytest.raises(KilledError):
            train(tmp_path / "killed", KillAt(20), every_s=0.0, **options)
        assert same(train(tmp_path / "killed", **options), found)

    @pytest.mark.parametrize("lost", ["optimizer", "metric", "weight", "epoch"])
    def test_resume_with_a_missing_part_of_the_state_differs(self, train, whole, tmp_path, lost, monkeypatch):
        with pytest.raises(KilledError):
            train(tmp_path, KillAt(5), every_s=0.0)
        latest = Checkpoints.latest

        def incomplete(self):
            arrays, facts = latest(self)
            if lost == "epoch":
                return arrays, {**facts, "step": 0}
            return {name: array * 0 if name.startswith(lost) else array for name, array in arrays.items()}, facts

        monkeypatch.setattr(Checkpoints, "latest", incomplete)
        assert not same(train(tmp_path), whole[0])


class TestSignal:
    class Send(keras.callbacks.Callback):
        def __init__(self, number, *, at="on_train_batch_end", step=5):
            super().__init__()
            self.number, self.step = number, step
            setattr(self, at, self.send)

        def send(self, *_, **__):
            self.step -= 1
            if not self.step:
                os.kill(os.getpid(), self.number)

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_signal_saves_checkpoint_and_training_resumes(self, train, whole, tmp_path, number):
        # These tests may run as a background job, for which the shell ignores SIGINT.
        before = signal.signal(number, signal.SIG_DFL)
        try:
            with pytest.raises(StoppedError, match=rf"{number.name} after epoch 0 and 5 steps\. Run the same") as info:
                train(tmp_path, self.Send(number))
        finally:
            signal.signal(number, before)
        assert info.value.signal_number == number
        rest = Steps()
        assert same(train(tmp_path, rest), whole[0])
        assert rest.taken == whole[1] - 5

    def test_ignored_signal_stays_ignored(self, train, whole, tmp_path):
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            assert same(train(tmp_path, self.Send(signal.SIGHUP)), whole[0])
        finally:
            signal.signal(signal.SIGHUP, before)

    def test_signal_during_validation_stops_after_the_epoch(self, train, whole, tmp_path):
        with pytest.raises(StoppedError, match=r"after epoch 1\."):
            train(tmp_path, self.Send(signal.SIGTERM, at="on_test_batch_end", step=1))
        assert same(train(tmp_path), whole[0])

    def test_signal_handlers_are_restored_after_training(self, train, tmp_path):
        before = signal.getsignal(signal.SIGTERM)
        train(tmp_path)
        assert signal.getsignal(signal.SIGTERM) is before


def test_resume_with_other_versions_prints_warning(train, whole, tmp_path, monkeypatch, capsys):
    with pytest.raises(KilledError):
        train(tmp_path, KillAt(5), every_s=0.0)
    monkeypatch.setattr("ser_fop.training.callbacks.resume.versions", lambda: {"tensorflow": "9"})
    assert same(train(tmp_path), whole[0])
    assert "written with other versions" in capsys.readouterr().err


def test_resume_rejects_checkpoints_of_another_network(records, train, tmp_path):
    train(tmp_path, epochs=1)
    with pytest.raises(InputError, match="belong to another network: remove them"):
        Setting(records, ModelConfig(d_model=16, heads=2, feed_forward=8)).train(tmp_path)
