"""MFCC and linear prediction coefficients in every stage, up to an exported model."""

import numpy as np
import pytest
import tensorflow as tf
from ser_fop.pipelines import export, finetune

import ser_fop
from ser_fop.corpora.audio import read_audio
from ser_fop.data.features import frame_features
from ser_fop.data.records import Records
from ser_fop.hub.networks import load_network
from ser_fop.hypercolumns.pooled_features import read_pooled
from ser_fop.testing.toy_records import stored_mels
from tests.pipelines.test_baselines import SUPERVISED
from tests.stages import MODEL, run


@pytest.mark.parametrize(
    ("front_end", "systems"),
    [
        ("mfcc", ("attentive_cnn", "siamese", "autoencoder")),
        ("lpc", ("attention_lstm", "denoising")),
        ("lpcc", ("variational", "ladder")),
    ],
)
@pytest.mark.slow  # trains several systems
def test_records_match_graph_and_every_system_accepts_them(work, tmp_path, front_end, systems):
    audio = work / "audio" / "ravdess"
    options = ["--front-end", front_end, "--coefficients", "12", "--dtype", "float32"]
    run("prepare", "--corpus", "ravdess", "--audio-dir", audio, *options, "--out", tmp_path / "records")
    records = Records(tmp_path / "records")
    assert (records.manifest.features.front_end, records.manifest.features.width) == (front_end, 12)
    row = records.rows[0]
    samples = read_audio(audio / row.file, sample_rate_hz=16000)
    np.testing.assert_allclose(
        stored_mels(records)[row.id], frame_features(samples, records.manifest.features), atol=1e-4
    )
    for system in systems:
        common = ["--records", tmp_path / "records", *MODEL, "--epochs", "1", "--out", tmp_path / system]
        if system in SUPERVISED:
            run("finetune", *common, *SUPERVISED[system])
        else:
            run("pretrain", *common, "--task", system, "--fold", "0", "--code", "4")
        network, spec = load_network(tmp_path / system)
        assert spec.features == records.manifest.features
        assert network.backbone.mels == 12


@pytest.mark.slow
def test_every_stage_accepts_lpcc(work, tmp_path, capsys):
    audio = work / "audio" / "ravdess"
    options = ["--front-end", "lpcc", "--coefficients", "12"]
    run("prepare", "--corpus", "ravdess", "--audio-dir", audio, *options, "--out", tmp_path / "records")
    common = ["--records", tmp_path / "records"]
    run("pretrain", *common, *MODEL, "--fold", "0", "--epochs", "1", "--out", tmp_path / "fop")
    run("extract", *common, "--pretrained", tmp_path / "fop", "--out", tmp_path / "hyper")
    assert read_pooled(tmp_path / "hyper" / "hypercolumns.npz").arrays["F"].shape[1] == 12
    tuned = [*common, "--pretrained", tmp_path / "fop", "--epochs", "1"]
    run("finetune", *tuned, "--fold", "0", "--out", tmp_path / "ft")
    one = next(audio.rglob("*.wav"))
    arguments = ["--model", tmp_path / "ft", "--out", tmp_path / "models", "--check-on", one]
    assert export.main([str(option) for option in arguments]) == 0
    served = tf.saved_model.load(str(tmp_path / "models" / "1")).signatures["serving_default"]
    samples = read_audio(one, sample_rate_hz=16000)
    answer = served(waveform=tf.constant(samples[np.newaxis]), length=tf.constant([len(samples)]))
    expected = ser_fop.load(tmp_path / "ft", detect_speech=False).predict(one).probabilities
    np.testing.assert_allclose(answer["scores"][0], list(expected.values()), atol=1e-5)
    for option in ("--speed", "--level-db"):
        arguments = [*tuned, option, "0.1", "--out", tmp_path / "refused"]
        assert finetune.main([str(value) for value in arguments]) == 2
        assert "expected 0 for front end lpcc" in capsys.readouterr().err


def test_finetune_rejects_network_of_other_front_end(work, tmp_path, capsys):
    audio = work / "audio" / "ravdess"
    options = ["--front-end", "mfcc", "--coefficients", "80"]
    run("prepare", "--corpus", "ravdess", "--audio-dir", audio, *options, "--out", tmp_path / "records")
    arguments = ["--records", tmp_path / "records", "--pretrained", work / "inductive", "--out", tmp_path / "ft"]
    assert finetune.main([str(value) for value in arguments]) == 2
    assert "front_end is mfcc and log_mel" in capsys.readouterr().err
