"""Public API of `ser_fop`, and the examples of its docstrings."""

import ast
import doctest
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import ser_fop
from ser_fop import cli
from ser_fop.errors import InputError

EXAMPLES = sorted({"ser_fop", *ser_fop._LAZY.values()})
ROOT = Path(__file__).resolve().parents[1]


def test_import_loads_no_heavy_library():
    program = "import sys, ser_fop; dir(ser_fop); ser_fop.list_models; print([n for n in ('tensorflow', 'keras', 'pandas') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_public_names_are_lazy_and_documented():
    assert set(ser_fop.__all__) == set(ser_fop._LAZY) <= set(dir(ser_fop))
    for name in ser_fop.__all__:
        assert inspect.getdoc(getattr(ser_fop, name))


def test_unknown_name_raises_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = ser_fop.nothing


@pytest.mark.parametrize("name", EXAMPLES)
def test_docstring_examples_pass(name):
    failed, tried = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert failed == 0
    assert tried or name in (
        "ser_fop.api.records",
        "ser_fop.api.stages",
        "ser_fop.config.stages",
        "ser_fop.config.corpus_stages",
    )


def test_doctest_detects_a_wrong_example():
    parser = doctest.DocTestParser()
    example = parser.get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    assert doctest.DocTestRunner(verbose=False).run(example, out=lambda _: None).failed == 1


def test_package_of_a_checkout_has_scripts_and_models(tmp_path):
    # As after `pip install .` with Python started in the repository: scripts and models are outside the package.
    program = (
        "import sys; sys.meta_path = [one for one in sys.meta_path if 'editable' not in str(one)];"
        "import ser_fop, ser_fop.pipelines; from ser_fop.hub.published import resolve_published;"
        "print(resolve_published('emotion-ravdess').is_dir(), ser_fop.pipelines.__file__)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    found, scripts = done.stdout.split()
    assert found == "True"
    assert Path(scripts).is_relative_to(ROOT)


def test_predictor_tables_equal_the_predictions():
    predictor = ser_fop.load()
    files = [ser_fop.sample("happy"), ser_fop.sample("sad")]
    answers, table = predictor.predict_files(files), predictor.predict_files(files, as_frame=True)
    assert isinstance(table, pd.DataFrame)
    assert list(table.index) == [str(file) for file in files]
    assert list(table["emotion"]) == [answer.emotion for answer in answers]
    np.testing.assert_allclose(table[list(predictor.labels)].sum(axis=1), 1.0, atol=1e-5)
    assert len(predictor.predict(files[0], as_frame=True)) == 1
    windows = predictor.predict_windows(files[0], window_s=1.0, hop_s=0.5, as_frame=True)
    assert (windows["start_s"].diff().dropna() == 0.5).all()
    with pytest.raises(InputError, match="which is not a folder"):
        predictor.predict_folder(files[0])


def test_predict_files_with_a_bad_file_predicts_the_others(tmp_path):
    (tmp_path / "bad.wav").write_bytes(b"junk")
    table = ser_fop.load().predict_files([tmp_path / "bad.wav", ser_fop.sample()], as_frame=True)
    assert table["problem"].iloc[0]
    assert table["emotion"].iloc[1]


def test_backbone_from_pretrained_has_the_published_weights():
    from ser_fop.hub.networks import load_network

    published, _ = load_network(Path("fop-librispeech"))
    backbone = ser_fop.Backbone.from_pretrained("fop-librispeech")
    for one, other in zip(backbone.get_weights(), published.backbone.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_classifier_from_pretrained_has_the_trained_head_or_a_new_one(tmp_path):
    import keras

    trained = ser_fop.EmotionClassifier.from_pretrained("emotion-ravdess")
    assert trained.classes == 8
    fresh = ser_fop.EmotionClassifier.from_pretrained("emotion-ravdess", num_classes=3)
    assert fresh.output_shape == (None, 3)
    with pytest.raises(InputError, match="expected num_classes"):
        ser_fop.EmotionClassifier.from_pretrained("fop-librispeech")
    trained.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for one, other in zip(loaded.get_weights(), trained.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_feature_extractor_ignores_padding():
    extractor = ser_fop.FeatureExtractor("fop-librispeech")
    noise = 0.1 * np.random.default_rng(0).normal(size=16000).astype(np.float32)
    alone, (steps,) = extractor(noise[np.newaxis])
    padded = np.concatenate([noise, np.zeros(4000, np.float32)])[np.newaxis]
    together, (same,) = extractor(padded, lengths=[16000])
    assert steps == same == alone["h2"].shape[1]
    np.testing.assert_allclose(together["h2"][:, :steps], alone["h2"], atol=1e-3)
    with pytest.raises(InputError, match=r"expected the shape \(batch, samples\)"):
        extractor(noise)
    with pytest.raises(InputError, match="lengths expected 1 numbers up to 16000"):
        extractor(noise[np.newaxis], lengths=[17000])


def test_records_split_trains_a_classifier(work):
    import keras

    records = ser_fop.Records(str(work / "records" / "ravdess"))  # as in README.md
    split = records.split(fold=0)
    assert not set(split.train.classes) & set(split.test.classes)
    network = ser_fop.EmotionClassifier.from_pretrained(work / "inductive", num_classes=len(split.labels))
    network.compile(keras.optimizers.Adam(), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    history = network.fit(split.train.batches(seed=0), validation_data=split.validation.batches(), verbose=0).history
    assert np.isfinite(history["val_loss"][0])
    with pytest.raises(InputError, match="fold expected 0 to"):
        records.split(fold=99)


def test_stage_function_returns_the_run_folder(work, tmp_path):
    config = ser_fop.ExtractConfig(
        records=work / "records" / "ravdess", pretrained=work / "inductive", out=tmp_path / "hyper"
    )
    assert ser_fop.extract(config) == tmp_path / "hyper"
    assert (tmp_path / "hyper" / "COMPLETED").exists()


def test_the_base_installation_has_no_training_package():
    source = (Path(ser_fop.__file__).parents[1] / "setup.py").read_text(encoding="utf-8")
    call = next(
        node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and ast.unparse(node.func) == "setup"
    )
    options = {option.arg: option.value for option in call.keywords}
    base = {name_of(text) for text in ast.literal_eval(options["install_requires"])}
    training = {name_of(text) for text in ast.literal_eval(options["extras_require"])["train"]}
    modules = {"scikit-learn": "sklearn", "keras-tuner": "keras_tuner"}
    told = {modules.get(name, name) for name in training} - {"tensorflow-io", "tensorboard"}
    assert told == cli._TRAINING_MODULES
    assert not base & training


def name_of(requirement):
    return re.split(r"[<>=;\[ ]", requirement)[0]
