import keras
import numpy as np
import pytest

from ser_fop.data.datasets import unlabelled_batches
from ser_fop.testing.toy_records import toy_utterances, write_toy_records
from ser_fop.training.objectives.skill import SkillPrinter, copy_errors, error_kind, example_prediction, frame_metrics

STD = np.array([0.5, 1.0, 2.0, 1.0])


@pytest.fixture(scope="module")
def mels():
    return toy_utterances(frames=(3, 40))


@pytest.fixture(scope="module")
def records(mels, tmp_path_factory):
    return write_toy_records(tmp_path_factory.mktemp("toy") / "records", mels)


@pytest.mark.parametrize("horizons", [1, 2])
@pytest.mark.parametrize("kind", ["l1", "mse"])
def test_copy_errors_equal_distance_to_the_last_frame(records, mels, kind, horizons):
    batches = unlabelled_batches(
        [(records, {key.id for key in mels})], horizons=(horizons,), batch_size=4, batch_frames=200
    )
    steps = np.concatenate([np.abs(mel[horizons:] - mel[:-horizons]) / STD for mel in mels.values()])
    expected = (steps if kind == "l1" else steps**2).mean()
    found = copy_errors(batches, kind=kind, std=STD, horizons=(horizons,))
    assert found == {"error": pytest.approx(expected, rel=1e-5)}


def test_copy_errors_with_several_horizons_return_one_error_each(records, mels):
    parts = [(records, {key.id for key in mels})]
    found = copy_errors(
        unlabelled_batches(parts, horizons=(1, 5), batch_size=4, batch_frames=200),
        kind="l1",
        std=STD,
        horizons=(1, 5),
    )
    long = [mel for mel in mels.values() if len(mel) > 5]
    for distance in (1, 5):
        steps = [np.abs(mel[distance : len(mel) - 5 + distance] - mel[:-5]) / STD for mel in long]
        assert found[f"error_{distance}"] == pytest.approx(np.concatenate(steps).mean(), rel=1e-5)
    assert found["error"] == pytest.approx((found["error_1"] + found["error_5"]) / 2, rel=1e-5)
    assert found["error_5"] != pytest.approx(found["error_1"], rel=1e-2)


def test_copy_errors_with_stacked_frames_copy_last_frame_of_step(records, mels):
    batches = unlabelled_batches([(records, {key.id for key in mels})], horizons=(3,), batch_size=4, batch_frames=200)
    steps = []
    for mel in mels.values():
        seen = mel[:-3]
        last = [min(frame // 3 * 3 + 2, len(seen) - 1) for frame in range(len(seen))]
        steps.append(np.abs(mel[3:] - seen[last]) / STD)
    expected = np.concatenate(steps).mean()
    found = copy_errors(batches, kind="l1", std=STD, horizons=(3,), stacked_frames=3)
    assert found["error"] == pytest.approx(expected, rel=1e-5)


class TestSkillPrinter:
    def test_skill_is_added_to_logs_and_printed(self, capsys):
        logs = {"val_error": np.float32(0.75)}
        SkillPrinter({"error": 1.0}).on_epoch_end(0, logs)
        assert logs["val_skill"] == pytest.approx(0.25)
        assert "+0.2500" in capsys.readouterr().out

    @pytest.mark.parametrize(("error", "skill"), [(0.0, 1.0), (2.0, 0.0), (4.0, -1.0)])
    def test_skill_of_perfect_equal_and_worse_errors(self, error, skill):
        logs = {"val_error": error}
        SkillPrinter({"error": 2.0}).on_epoch_end(0, logs)
        assert logs["val_skill"] == skill

    def test_skill_of_each_horizon_is_added_and_printed(self, capsys):
        logs = {"val_error": 0.75, "val_error_1": 0.5, "val_error_5": 1.0}
        SkillPrinter({"error": 1.0, "error_1": 1.0, "error_5": 4.0}).on_epoch_end(0, logs)
        assert (logs["val_skill"], logs["val_skill_1"], logs["val_skill_5"]) == (0.25, 0.5, 0.75)
        assert "+0.2500 (1 ahead +0.5000, 5 ahead +0.7500)" in capsys.readouterr().out

    @pytest.mark.parametrize("logs", [None, {}, {"error": 1.0}])
    def test_logs_without_validation_error_stay_unchanged(self, logs, capsys):
        SkillPrinter({"error": 1.0}).on_epoch_end(0, logs)
        assert logs in (None, {}, {"error": 1.0})
        assert capsys.readouterr().out == ""

    def test_skill_reaches_later_callbacks_and_history(self):
        inputs = keras.Input((1,))
        model = keras.Model(inputs, keras.layers.Dense(1)(inputs))
        model.compile("sgd", "mse", metrics=[keras.metrics.MeanAbsoluteError(name="error")], jit_compile=False)
        seen = []
        later = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(logs.get("val_skill")))
        x = np.ones((4, 1), np.float32)
        history = model.fit(
            x, x, validation_data=(x, x), epochs=2, callbacks=[SkillPrinter({"error": 3.0}), later], verbose=0
        ).history
        assert history["val_skill"] == seen
        np.testing.assert_allclose(seen, 1 - np.array(history["val_error"]) / 3, rtol=1e-6)


class Copying:
    """Predicts that the frame does not change."""

    def predict_on_batch(self, inputs):
        return inputs["mel"]


@pytest.mark.parametrize("horizons", [1, 5])
def test_example_prediction_takes_first_utterance_longer_than_horizon(records, mels, horizons):
    found = example_prediction(Copying(), [(records, {key.id for key in mels})], horizons=(horizons,))
    by_id = {key.id: mel for key, mel in mels.items()}
    chosen = min(key for key, mel in by_id.items() if len(mel) > horizons)
    assert (str(found["id"]), int(found["ahead"])) == (chosen, horizons)
    np.testing.assert_allclose(found["true"], by_id[chosen][horizons:], rtol=1e-6)
    np.testing.assert_allclose(found["predicted"], by_id[chosen][:-horizons], rtol=1e-6)


def test_example_prediction_uses_the_shortest_horizon(records, mels):
    class CopyingTwice:
        def predict_on_batch(self, inputs):
            return np.concatenate([np.zeros_like(inputs["mel"]), inputs["mel"]], axis=-1)

    found = example_prediction(CopyingTwice(), [(records, {key.id for key in mels})], horizons=(5, 2))
    mel = next(mel for key, mel in mels.items() if key.id == str(found["id"]))
    assert int(found["ahead"]) == 2
    np.testing.assert_allclose(found["true"], mel[2:], rtol=1e-6)
    np.testing.assert_allclose(found["predicted"], mel[:-2], rtol=1e-6)


def test_error_kind_of_gaussian_loss_is_mse_of_the_means():
    assert error_kind("gaussian") == "mse"
    assert [error_kind(loss) for loss in ("l1", "mse", "huber")] == ["l1", "mse", "huber"]
    (metric,) = frame_metrics("mse", STD, (1,))
    true = np.zeros((1, 2, 4), np.float32)
    metric.update_state(true, np.concatenate([true + STD, true + 99], axis=-1))
    assert float(metric.result()) == pytest.approx(1.0)


def test_example_prediction_skips_too_short_utterances(tmp_path):
    mels = toy_utterances(speakers=("anna",), per_speaker=1, frames=(3, 3))
    mels |= toy_utterances(speakers=("bert",), per_speaker=1, frames=(20, 20))
    short = write_toy_records(tmp_path / "records", mels)

    found = example_prediction(Copying(), [(short, {key.id for key in mels})], horizons=(5,))
    assert str(found["id"]) == "bert-0"
