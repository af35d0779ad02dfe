import dataclasses
import io
import shutil

import numpy as np
import pytest
import soundfile
import tensorflow as tf
from ser_fop.pipelines import export

import ser_fop
from ser_fop.corpora.audio import read_audio
from ser_fop.errors import InputError
from ser_fop.export.portable import golden_of, write_litert, write_onnx
from ser_fop.export.serving_model import GOLDEN, operations_of, write_serving_model
from ser_fop.export.verification import TOLERANCE, verify
from ser_fop.hub.model_paths import EXTRA
from ser_fop.hub.networks import load_network
from ser_fop.inference.sources import inference_model_of
from ser_fop.testing.arrays import network_inputs
from ser_fop.utils.json_io import read_json
from tests.stages import run

pytestmark = pytest.mark.slow  # trainings, and exports of each kind

RATE_HZ = 16000


@pytest.fixture(scope="module")
def runs(work, hyper, tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    common = ["--records", work / "records" / "ravdess", "--pretrained", work / "inductive", "--epochs", "1"]
    run("finetune", *common, "--attention", "full", "--pooling", "attentive", "--out", root / "finetune")
    for classifier in ("svm", "rf"):
        arguments = ["--hypercolumns", hyper, "--feature", "h_concat", "--classifier", classifier]
        run("classify", *arguments, "--rf-trees", "20", "--out", root / classifier)
    return {**{path.name: path for path in root.iterdir()}, "pretrain": work / "inductive"}


@pytest.fixture(scope="module")
def sounds(work):
    files = sorted((work / "audio" / "ravdess").rglob("*.wav"))[:3]
    samples = [read_audio(file, sample_rate_hz=RATE_HZ) for file in files]
    samples[1] = samples[1][: len(samples[1]) // 2]
    lengths = np.array([len(one) for one in samples], np.int32)
    waveform = np.zeros((len(samples), lengths.max()), np.float32)
    for row, one in zip(waveform, samples, strict=True):
        row[: len(one)] = one
    return {"waveform": waveform, "length": lengths}


@pytest.fixture(scope="module")
def exported(runs, sounds, tmp_path_factory):
    root = tmp_path_factory.mktemp("exported")
    for name in ("finetune", "svm", "pretrain"):
        write_serving_model(inference_model_of(runs[name]), root / name, sounds=sounds)
    return root


def constants(arrays):
    return {name: tf.constant(array) for name, array in arrays.items()}


def test_verify_outputs_equal_network_outputs(exported):
    """The tests of the stage verify the other kinds: each verification starts a process with TensorFlow."""
    assert verify(exported / "svm", exported / "svm" / EXTRA / GOLDEN) <= TOLERANCE


def test_verify_forest_outputs_equal_network_outputs(runs, sounds, tmp_path):
    write_serving_model(inference_model_of(runs["rf"]), tmp_path / "rf", sounds=sounds)
    assert verify(tmp_path / "rf", tmp_path / "rf" / EXTRA / GOLDEN) <= TOLERANCE


def test_verify_different_outputs_fail(exported, tmp_path):
    shutil.copytree(exported / "svm", tmp_path / "model")
    path = tmp_path / "model" / EXTRA / GOLDEN
    golden = dict(np.load(path))
    np.savez(path, **{**golden, "answer_scores": golden["answer_scores"] + 0.01})
    with pytest.raises(InputError, match=r"expected outputs of .*, received 0\.01"):
        verify(tmp_path / "model", tmp_path / "model" / EXTRA / GOLDEN)


def test_verify_incomplete_model_fails(exported, tmp_path):
    shutil.copytree(exported / "svm", tmp_path / "model")
    (tmp_path / "model" / "variables" / "variables.index").unlink()
    with pytest.raises(InputError, match="cannot run without ser_fop"):
        verify(tmp_path / "model", tmp_path / "model" / EXTRA / GOLDEN)


class TestSignatures:
    @pytest.fixture(scope="class")
    def model(self, exported):
        return tf.saved_model.load(str(exported / "finetune"))

    def test_signatures_have_names_and_variable_shapes(self, model):
        signatures = model.signatures
        assert set(signatures) == {"serving_default", "wav", "mel", "hypercolumns"}
        inputs = {name: signatures[name].structured_input_signature[1] for name in signatures}
        assert {name: sorted(specs) for name, specs in inputs.items()} == {
            "serving_default": ["length", "waveform"],
            "wav": ["wav"],
            "mel": ["length", "mel"],
            "hypercolumns": ["length", "mel"],
        }
        assert inputs["serving_default"]["waveform"].shape.as_list() == [None, None]
        assert inputs["mel"]["mel"].shape.as_list() == [None, None, 80]

    def test_padding_values_do_not_change_scores(self, model, sounds):
        """TF Serving pads with the first element of a tensor."""
        answer = model.signatures["serving_default"](**constants(sounds))["scores"]
        filled = sounds["waveform"].copy()
        for row, length in zip(filled, sounds["length"], strict=True):
            row[length:] = 0.9
        again = model.signatures["serving_default"](**constants({**sounds, "waveform": filled}))["scores"]
        np.testing.assert_array_equal(again, answer)
        longer = {"waveform": filled, "length": np.full_like(sounds["length"], filled.shape[1])}
        assert np.abs(model.signatures["serving_default"](**constants(longer))["scores"] - answer).max() > 1e-4

    def test_emotion_is_label_of_highest_score(self, model, sounds):
        answer = model.signatures["serving_default"](**constants(sounds))
        best = answer["scores"].numpy().argmax(axis=1)
        named = answer["labels"].numpy()
        assert named.shape == answer["scores"].shape
        assert list(answer["emotion"].numpy()) == [row[index] for row, index in zip(named, best, strict=True)]

    def test_wav_signature_equals_waveform_signature(self, model, sounds):
        files, expected = [], []
        for row, length in zip(sounds["waveform"], sounds["length"], strict=True):
            file = io.BytesIO()
            soundfile.write(file, np.stack([row[:length]] * 2, axis=1), RATE_HZ, format="WAV", subtype="PCM_16")
            files.append(file.getvalue())
            pcm, _ = soundfile.read(io.BytesIO(file.getvalue()), dtype="float32")
            expected.append(pcm[:, 0])
        found = model.signatures["wav"](wav=tf.constant(files))["scores"].numpy()
        for scores, samples in zip(found, expected, strict=True):
            alone = {"waveform": samples[np.newaxis], "length": np.array([len(samples)], np.int32)}
            np.testing.assert_allclose(
                scores, model.signatures["serving_default"](**constants(alone))["scores"][0], atol=1e-5
            )

    @pytest.mark.parametrize("change", [0.0, 1e-6, 1e5, np.nan])
    def test_waveform_without_sound_has_no_answer(self, model, sounds, change):
        changed = {**sounds, "waveform": sounds["waveform"].copy()}
        changed["waveform"][0] *= change
        answer = {
            name: value.numpy() for name, value in model.signatures["serving_default"](**constants(changed)).items()
        }
        before = model.signatures["serving_default"](**constants(sounds))
        assert (answer["emotion"][0], set(answer["scores"][0])) == (b"", {0.0})
        np.testing.assert_array_equal(answer["scores"][1:], before["scores"].numpy()[1:])

    @pytest.mark.parametrize("length", [0, 10])
    def test_waveform_shorter_than_a_window_has_no_answer(self, model, sounds, length):
        answer = model.signatures["serving_default"](
            **constants({**sounds, "length": np.full_like(sounds["length"], length)})
        )
        assert set(answer["emotion"].numpy()) == {b""}

    def test_wav_signature_rejects_other_sample_rate(self, model, sounds):
        file = io.BytesIO()
        soundfile.write(file, sounds["waveform"][0], 22050, format="WAV", subtype="PCM_16")
        with pytest.raises(tf.errors.InvalidArgumentError, match="expected a WAV of 16000 Hz"):
            model.signatures["wav"](wav=tf.constant([file.getvalue()]))

    def test_pretrained_network_has_hypercolumns_and_prediction(self, runs, exported):
        signatures = tf.saved_model.load(str(exported / "pretrain")).signatures
        assert set(signatures) == {"serving_default", "hypercolumns", "prediction", "stream_start", "stream_step"}
        network, _ = load_network(runs["pretrain"])
        inputs = network_inputs((9, 4), 80)
        arguments = {"mel": np.where(inputs["mask"][..., None], inputs["mel"], 77.0), "length": np.int32([9, 4])}
        found = signatures["prediction"](**constants(arguments))["prediction"]
        for row, length in enumerate((9, 4)):
            np.testing.assert_allclose(found[row, :length], network(inputs)[row, :length], atol=1e-5)


class TestOperations:
    def test_operations_are_part_of_tensorflow(self, exported):
        for folder in exported.iterdir():
            assert not operations_of(folder) & {"PyFunc", "EagerPyFunc"}
            assert "MatMul" in operations_of(folder)

    def test_write_serving_model_rejects_python_operations(self, runs, sounds, tmp_path):
        recogniser = inference_model_of(runs["finetune"])
        specs = recogniser.from_mel.input_signature
        answer = recogniser.from_mel

        def calling(mel, length):
            return {"scores": tf.py_function(lambda x: x, [answer(mel, length)["scores"]], tf.float32)}

        recogniser.from_mel = tf.function(calling, input_signature=specs)
        with pytest.raises(
            InputError, match=r"expected only operations of standard TF Serving, received EagerPyFunc\."
        ):
            write_serving_model(recogniser, tmp_path / "model", sounds=sounds)


class TestStage:
    @pytest.fixture(scope="class")
    def sound(self, work):
        return next((work / "audio" / "ravdess").rglob("*.wav"))

    @pytest.fixture(scope="class")
    def emotion(self, runs, exported, sound, tmp_path_factory):
        """Two versions of a model; the second is checked on a recording."""
        out = tmp_path_factory.mktemp("models") / "emotion"
        shutil.copytree(exported / "svm", out / "1")
        assert export.main(["--model", str(runs["svm"]), "--out", str(out), "--check-on", str(sound)]) == 0
        return out

    def test_export_adds_versions_and_never_overwrites(self, runs, emotion, capsys):
        names = ["1", "2", "batching.config", "models.config", "monitoring.config"]
        assert sorted(path.name for path in emotion.iterdir()) == names
        assert 'name: "emotion"' in (emotion / "models.config").read_text()
        assert export.main(["--model", str(runs["svm"]), "--out", str(emotion), "--version", "2"]) == 2
        assert "versions are never overwritten" in capsys.readouterr().err

    def test_exported_model_predicts_as_run(self, runs, emotion, sounds):
        samples = sounds["waveform"][0]
        expected = ser_fop.load(runs["svm"], detect_speech=False).predict(samples, sample_rate_hz=RATE_HZ)
        for folder in (emotion, emotion / "1"):
            answer = ser_fop.load(folder, detect_speech=False).predict(samples, sample_rate_hz=RATE_HZ)
            assert answer.emotion == expected.emotion
            assert answer.probabilities == pytest.approx(expected.probabilities, abs=1e-6)

    def test_export_check_on_stores_recordings_as_golden(self, emotion, sound):
        golden = np.load(emotion / "2" / EXTRA / GOLDEN)
        np.testing.assert_array_equal(golden["waveform"][0], read_audio(sound, sample_rate_hz=RATE_HZ))

    def test_export_check_on_missing_file_is_rejected(self, runs, tmp_path, capsys):
        arguments = ["--model", str(runs["svm"]), "--out", str(tmp_path / "emotion")]
        assert export.main([*arguments, "--check-on", str(tmp_path / "none.wav")]) == 2
        assert "none.wav does not exist" in capsys.readouterr().err

    def test_export_failed_verification_leaves_no_files(self, runs, tmp_path, monkeypatch):
        def writes(model, folder, *, sounds, context_s):
            (folder / EXTRA).mkdir(parents=True)

        def fails(model, golden, *, kind=""):
            raise InputError("differs")

        monkeypatch.setattr("ser_fop.pipelines.export.write_serving_model", writes)
        monkeypatch.setattr("ser_fop.pipelines.export.verify", fails)
        assert export.main(["--model", str(runs["svm"]), "--out", str(tmp_path / "emotion")]) == 2
        assert list((tmp_path / "emotion").iterdir()) == []

    def test_exported_network_loads_with_same_weights(self, runs, exported):
        network, spec = load_network(exported / "finetune")
        before, _ = load_network(runs["finetune"])
        assert spec.labels
        for one, other in zip(network.weights, before.weights, strict=True):
            np.testing.assert_array_equal(one, other)


class TestOtherRuntimes:
    """ONNX and LiteRT models, run in a process without TensorFlow and ser_fop."""

    @pytest.fixture(scope="class")
    def written(self, runs, sounds, tmp_path_factory):
        pytest.importorskip("tf2onnx")
        pytest.importorskip("ai_edge_litert")
        root = tmp_path_factory.mktemp("portable")
        for name, path in runs.items():
            recogniser = inference_model_of(path)
            write_onnx(recogniser, root / f"{name}.onnx")
            golden_of(recogniser, sounds, root / f"{name}.onnx.npz")
        recogniser = inference_model_of(runs["finetune"])
        write_litert(recogniser, root / "finetune.tflite", frames=60)
        golden_of(recogniser, sounds, root / "finetune.tflite.npz", frames=60)
        return root

    @pytest.mark.parametrize("name", ["finetune.onnx", "svm.onnx", "rf.onnx", "pretrain.onnx", "finetune.tflite"])
    def test_verify_outputs_equal_network_outputs(self, written, name):
        assert verify(written / name, written / f"{name}.npz") <= TOLERANCE

    @pytest.mark.parametrize("name", ["svm.onnx", "finetune.tflite"])
    def test_verify_different_outputs_fail(self, written, tmp_path, name):
        golden = dict(np.load(written / f"{name}.npz"))
        golden["length"] = golden["length"] - 4
        np.savez(tmp_path / "golden.npz", **golden)
        with pytest.raises(InputError, match="expected outputs of"):
            verify(written / name, tmp_path / "golden.npz")

    def test_write_litert_unsupported_operation_fails(self, runs, tmp_path):
        pytest.importorskip("ai_edge_litert")
        with pytest.raises(InputError, match="LiteRT expected a model without numbers of 64 bits"):
            write_litert(inference_model_of(runs["svm"]), tmp_path / "svm.tflite", frames=60)

    def test_onnx_length_and_batch_are_variable(self, written, runs):
        import onnxruntime

        session = onnxruntime.InferenceSession(str(written / "finetune.onnx"))
        recogniser = inference_model_of(runs["finetune"])
        for batch, frames in ((1, 3), (5, 40), (2, 700)):
            mel = np.random.default_rng(frames).normal(-8, 3, (batch, frames, 80)).astype(np.float32)
            length = np.full(batch, frames, np.int32)
            scores, answer = session.run(["scores", "answer"], {"mel": mel, "length": length})
            expected = recogniser.class_scores(tf.constant(mel), tf.constant(length))
            np.testing.assert_allclose(scores, expected["scores"], atol=TOLERANCE)
            np.testing.assert_array_equal(answer, expected["answer"])

    def test_litert_config_file_contains_spec(self, written, runs):
        described = read_json(written / "finetune.tflite.json")
        assert described["frames"] == 60
        assert tuple(described["spec"]["labels"]) == inference_model_of(runs["finetune"]).labels
        assert described["spec"]["features"]["hop_s"] == 0.01

    def test_export_writes_onnx_and_litert(self, runs, tmp_path, capsys):
        pytest.importorskip("tf2onnx")
        arguments = ["--model", str(runs["finetune"]), "--out", str(tmp_path / "emotion")]
        files = ["--onnx", str(tmp_path / "x" / "e.onnx"), "--litert", str(tmp_path / "x" / "e.tflite")]
        assert export.main([*arguments, *files]) == 0
        assert capsys.readouterr().out.count("largest difference to the network") == 3
        names = {path.name for path in (tmp_path / "x").iterdir()}
        assert names == {"e.onnx", "e.onnx.json", "e.tflite", "e.tflite.json"}
        assert export.main([*arguments, "--onnx", str(tmp_path / "e.tflite")]) == 2
        assert "--onnx expected a file that ends in .onnx" in capsys.readouterr().err


def test_write_serving_model_rejects_normalisation_by_speaker(work, sounds, tmp_path):
    recogniser = inference_model_of(work / "inductive")
    features = dataclasses.replace(recogniser.spec.features, normalised_by="speaker")
    recogniser.spec = dataclasses.replace(recogniser.spec, features=features)
    with pytest.raises(InputError, match="normalised by speaker"):
        write_serving_model(recogniser, tmp_path / "model", sounds=sounds)
