import io
import shutil

import numpy as np
import pytest
import soundfile
import tensorflow as tf
from google.protobuf.internal import decoder
from ser_fop.pipelines import export, pretrain

import ser_fop
from ser_fop.corpora.audio import read_audio
from ser_fop.errors import InputError
from ser_fop.export.portable import golden_of, write_litert, write_onnx
from ser_fop.export.serving_model import EXTRA, GOLDEN, operations_of, write_serving_model
from ser_fop.export.verification import TOLERANCE, verify
from ser_fop.export.warmup import WARMUP
from ser_fop.hub.networks import load_network
from ser_fop.inference.sources import inference_model_of
from ser_fop.utils.json_io import read_json
from tests.stages import run

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
    for name, path in runs.items():
        write_serving_model(inference_model_of(path), root / name, sounds=sounds)
    return root


def constants(arrays):
    return {name: tf.constant(array) for name, array in arrays.items()}


@pytest.mark.parametrize("kind", ["finetune", "svm", "rf", "pretrain"])
def test_answers_are_the_networks_in_a_process_that_does_not_know_us(exported, kind):
    assert verify(exported / kind, exported / kind / EXTRA / GOLDEN) <= TOLERANCE


def test_an_answer_that_differs_is_told(exported, tmp_path):
    shutil.copytree(exported / "svm", tmp_path / "model")
    path = tmp_path / "model" / EXTRA / GOLDEN
    golden = dict(np.load(path))
    np.savez(path, **{**golden, "answer_scores": golden["answer_scores"] + 0.01})
    with pytest.raises(InputError, match=r"answers of .* differ by 0\.01"):
        verify(tmp_path / "model", tmp_path / "model" / EXTRA / GOLDEN)


def test_a_model_that_cannot_be_loaded_is_told(exported, tmp_path):
    shutil.copytree(exported / "svm", tmp_path / "model")
    (tmp_path / "model" / "variables" / "variables.index").unlink()
    with pytest.raises(InputError, match="cannot be used by itself"):
        verify(tmp_path / "model", tmp_path / "model" / EXTRA / GOLDEN)


class TestSignatures:
    @pytest.fixture(scope="class")
    def model(self, exported):
        return tf.saved_model.load(str(exported / "finetune"))

    def test_names_and_shapes(self, model):
        signatures = model.signatures
        assert set(signatures) == {"serving_default", "wav", "mel", "hypercolumns"}
        inputs = {name: signatures[name].structured_input_signature[1] for name in signatures}
        assert {name: sorted(held) for name, held in inputs.items()} == {
            "serving_default": ["length", "waveform"],
            "wav": ["wav"],
            "mel": ["length", "mel"],
            "hypercolumns": ["length", "mel"],
        }
        assert inputs["serving_default"]["waveform"].shape.as_list() == [None, None]
        assert inputs["mel"]["mel"].shape.as_list() == [None, None, 80]

    def test_what_a_server_fills_up_with_does_not_count(self, model, sounds):
        """TF Serving pads with a tensor's first element."""
        answer = model.signatures["serving_default"](**constants(sounds))["scores"]
        filled = sounds["waveform"].copy()
        for row, length in zip(filled, sounds["length"], strict=True):
            row[length:] = 0.9
        again = model.signatures["serving_default"](**constants({**sounds, "waveform": filled}))["scores"]
        np.testing.assert_array_equal(again, answer)
        longer = {"waveform": filled, "length": np.full_like(sounds["length"], filled.shape[1])}
        assert np.abs(model.signatures["serving_default"](**constants(longer))["scores"] - answer).max() > 1e-4

    def test_labels_go_with_scores(self, model, sounds):
        answer = model.signatures["serving_default"](**constants(sounds))
        best = answer["scores"].numpy().argmax(axis=1)
        named = answer["labels"].numpy()
        assert named.shape == answer["scores"].shape
        assert list(answer["emotion"].numpy()) == [row[place] for row, place in zip(named, best, strict=True)]

    def test_encoded_files(self, model, sounds):
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

    def test_another_rate_is_refused(self, model, sounds):
        file = io.BytesIO()
        soundfile.write(file, sounds["waveform"][0], 22050, format="WAV", subtype="PCM_16")
        with pytest.raises(tf.errors.InvalidArgumentError, match="expected a WAV of 16000 Hz"):
            model.signatures["wav"](wav=tf.constant([file.getvalue()]))

    def test_a_pretrained_network_has_hypercolumns_alone(self, exported):
        assert set(tf.saved_model.load(str(exported / "pretrain")).signatures) == {"serving_default", "hypercolumns"}


class TestOperations:
    def test_all_are_tensorflows_own(self, exported):
        for folder in exported.iterdir():
            assert not operations_of(folder) & {"PyFunc", "EagerPyFunc"}
            assert "MatMul" in operations_of(folder)

    def test_a_call_back_into_python_is_refused(self, runs, sounds, tmp_path):
        recogniser = inference_model_of(runs["finetune"])
        specs = recogniser.from_mel.input_signature
        answer = recogniser.from_mel

        def calling(mel, length):
            return {"scores": tf.py_function(lambda x: x, [answer(mel, length)["scores"]], tf.float32)}

        recogniser.from_mel = tf.function(calling, input_signature=specs)
        with pytest.raises(InputError, match=r"a stock TF Serving has not: EagerPyFunc\."):
            write_serving_model(recogniser, tmp_path / "model", sounds=sounds)


def test_warm_up_requests_are_on_the_wire_what_tf_serving_reads(exported, sounds):
    records = list(tf.data.TFRecordDataset(str(exported / "svm" / EXTRA / WARMUP)).as_numpy_iterator())
    assert len(records) == len(sounds["length"]) + 1
    log = dict(_fields(records[-1]))  # PredictionLog
    request = _fields(dict(_fields(log[6]))[1])  # PredictLog.request
    assert dict(_fields(dict(request)[1]))[3] == b"serving_default"  # ModelSpec.signature_name
    entries = [dict(_fields(value)) for number, value in request if number == 2]
    found = {entry[1].decode(): _tensor(entry[2]) for entry in entries}
    assert set(found) == set(sounds)
    for name, array in found.items():
        np.testing.assert_array_equal(array, sounds[name])


def _fields(message):
    """Read a message's length-delimited fields off the wire: number and bytes."""
    found, place = [], 0
    while place < len(message):
        tag, place = decoder._DecodeVarint(message, place)
        assert tag & 7 == 2
        size, place = decoder._DecodeVarint(message, place)
        found.append((tag >> 3, message[place : place + size]))
        place += size
    return found


def _tensor(serialized):
    return tf.io.parse_tensor(serialized, tf.int32 if len(serialized) < 100 else tf.float32).numpy()


class TestStage:
    def test_versions_follow_one_another_and_are_never_written_over(self, runs, tmp_path, capsys):
        arguments = ["--model", str(runs["svm"]), "--out", str(tmp_path / "emotion")]
        assert export.main(arguments) == 0
        assert export.main(arguments) == 0
        assert sorted(path.name for path in (tmp_path / "emotion").iterdir()) == [
            "1",
            "2",
            "batching.config",
            "models.config",
            "monitoring.config",
        ]
        assert 'name: "emotion"' in (tmp_path / "emotion" / "models.config").read_text()
        assert export.main([*arguments, "--version", "2"]) == 2
        assert "a version is never written over" in capsys.readouterr().err

    def test_what_is_exported_answers_as_the_run(self, runs, sounds, tmp_path):
        assert export.main(["--model", str(runs["svm"]), "--out", str(tmp_path / "emotion")]) == 0
        samples = sounds["waveform"][0]
        for place in ("emotion", "emotion/1"):
            answer = ser_fop.load(tmp_path / place).predict(samples, sample_rate_hz=RATE_HZ)
            expected = ser_fop.load(runs["svm"]).predict(samples, sample_rate_hz=RATE_HZ)
            assert answer.emotion == expected.emotion
            assert answer.probabilities == pytest.approx(expected.probabilities, abs=1e-6)

    def test_is_checked_on_recordings(self, runs, work, tmp_path, capsys):
        file = next((work / "audio" / "ravdess").rglob("*.wav"))
        arguments = ["--model", str(runs["rf"]), "--out", str(tmp_path / "emotion")]
        assert export.main([*arguments, "--check-on", str(file)]) == 0
        golden = np.load(tmp_path / "emotion" / "1" / EXTRA / GOLDEN)
        np.testing.assert_array_equal(golden["waveform"][0], read_audio(file, sample_rate_hz=RATE_HZ))
        assert export.main([*arguments, "--check-on", str(tmp_path / "none.wav")]) == 2
        assert "none.wav does not exist" in capsys.readouterr().err

    def test_one_that_fails_leaves_nothing(self, runs, tmp_path, monkeypatch):
        def fails(model, golden):
            raise InputError("differs")

        monkeypatch.setattr("ser_fop.pipelines.export.verify", fails)
        assert export.main(["--model", str(runs["svm"]), "--out", str(tmp_path / "emotion")]) == 2
        assert list((tmp_path / "emotion").iterdir()) == []

    def test_the_network_inside_can_be_learned_from_again(self, runs, exported):
        network, spec = load_network(exported / "finetune")
        before, _ = load_network(runs["finetune"])
        assert spec.labels
        for one, other in zip(network.weights, before.weights, strict=True):
            np.testing.assert_array_equal(one, other)

    def test_a_saved_model_of_log_mels_says_so(self, runs):
        with pytest.raises(InputError, match="takes log-mels alone: give one of `ser-fop export`"):
            ser_fop.load(runs["finetune"] / "saved_model")


class TestOtherRuntimes:
    """ONNX and LiteRT answer as the network does, asked where neither TensorFlow nor ser_fop is known."""

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
    def test_answers_are_the_networks(self, written, name):
        assert verify(written / name, written / f"{name}.npz") <= TOLERANCE

    @pytest.mark.parametrize("name", ["svm.onnx", "finetune.tflite"])
    def test_an_answer_that_differs_is_told(self, written, tmp_path, name):
        golden = dict(np.load(written / f"{name}.npz"))
        golden["length"] = golden["length"] - 4
        np.savez(tmp_path / "golden.npz", **golden)
        with pytest.raises(InputError, match="differ by"):
            verify(written / name, tmp_path / "golden.npz")

    def test_what_litert_cannot_compute_is_told(self, runs, tmp_path):
        pytest.importorskip("ai_edge_litert")
        with pytest.raises(InputError, match="cannot be written for LiteRT"):
            write_litert(inference_model_of(runs["svm"]), tmp_path / "svm.tflite", frames=60)

    def test_length_and_batch_are_free(self, written, runs):
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

    def test_beside_a_model_stands_what_it_is(self, written, runs):
        described = read_json(written / "finetune.tflite.json")
        assert described["frames"] == 60
        assert tuple(described["spec"]["labels"]) == inference_model_of(runs["finetune"]).labels
        assert described["spec"]["features"]["hop_s"] == 0.01

    def test_the_stage_writes_both(self, runs, tmp_path, capsys):
        pytest.importorskip("tf2onnx")
        arguments = ["--model", str(runs["finetune"]), "--out", str(tmp_path / "emotion")]
        files = ["--onnx", str(tmp_path / "x" / "e.onnx"), "--litert", str(tmp_path / "x" / "e.tflite")]
        assert export.main([*arguments, *files]) == 0
        assert capsys.readouterr().out.count("of the network's") == 3
        names = {path.name for path in (tmp_path / "x").iterdir()}
        assert names == {"e.onnx", "e.onnx.json", "e.tflite", "e.tflite.json"}
        assert export.main([*arguments, "--onnx", str(tmp_path / "e.tflite")]) == 2
        assert "--onnx expected a file that ends in .onnx" in capsys.readouterr().err


def test_normalised_by_speaker_cannot_leave(work, sounds, tmp_path):
    records = ["--corpus", "ravdess", "--audio-dir", work / "audio" / "ravdess", "--normalised-by", "speaker"]
    run("prepare", *records, "--out", tmp_path / "records")
    arguments = ["--records", tmp_path / "records", "--epochs", "0", "--out", tmp_path / "run"]
    assert pretrain.main([str(argument) for argument in arguments]) == 0
    with pytest.raises(InputError, match="normalised by speaker"):
        write_serving_model(inference_model_of(tmp_path / "run"), tmp_path / "model", sounds=sounds)
