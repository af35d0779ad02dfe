import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import ser_fop
from ser_fop.errors import InputError
from ser_fop.hub.model_paths import resolve_model_path
from ser_fop.inference.onnx_model import OnnxInferenceModel
from ser_fop.models.network_spec import read_spec
from ser_fop.streaming.opening import open_step

WITHOUT_TENSORFLOW = """
import json, sys
import ser_fop
from ser_fop.streaming.streaming_recogniser import StreamingRecogniser
from ser_fop.corpora.audio import read_audio
path = ser_fop.sample("sad")
whole = ser_fop.load("emotion-common").predict(path)
recogniser = StreamingRecogniser.load("emotion-stream")
recogniser.push(read_audio(path, sample_rate_hz=16000))
last = recogniser.flush()[-1]
slow = sorted({"tensorflow", "keras", "pandas", "sklearn", "matplotlib", "scipy.signal"} & set(sys.modules))
print(json.dumps([whole.probabilities, last.probabilities, slow]))
"""


def test_published_models_answer_without_tensorflow_as_with_it():
    done = subprocess.run([sys.executable, "-c", WITHOUT_TENSORFLOW], capture_output=True, text=True, check=True)
    whole, last, slow = json.loads(done.stdout)
    assert slow == []
    expected = ser_fop.load("emotion-common", runtime="tensorflow").predict(ser_fop.sample("sad"))
    assert whole == pytest.approx(expected.probabilities, abs=1e-4)
    streamed = ser_fop.load("emotion-stream", runtime="tensorflow").predict(ser_fop.sample("sad"))
    assert last == pytest.approx(streamed.probabilities, abs=1e-4)
    assert whole != pytest.approx(last, abs=1e-2)


def test_hypercolumns_of_a_twin_come_from_the_whole_model():
    fast = ser_fop.load("emotion-stream")
    assert isinstance(fast._model, OnnxInferenceModel)
    found = fast.hypercolumns(ser_fop.sample("happy"))
    expected = ser_fop.load("emotion-stream", runtime="tensorflow").hypercolumns(ser_fop.sample("happy"))
    np.testing.assert_allclose(found["pooled_h1"], expected["pooled_h1"], atol=1e-5)


def test_a_runtime_without_a_twin_is_refused_in_words(work):
    with pytest.raises(InputError, match="--runtime onnx expected an exported or published classifier"):
        ser_fop.load(work / "inductive", runtime="onnx")
    with pytest.raises(InputError, match="expected an exported causal classifier with a twin for a context of 5 s"):
        open_step("emotion-stream", context_s=5.0, runtime="onnx")
    assert type(open_step("emotion-stream", context_s=10.0)).__name__ == "OnnxStep"
    assert type(open_step("emotion-stream", context_s=5.0)).__name__ == "StreamStep"


def test_unknown_runtimes_and_missing_models_are_refused_in_words(tmp_path):
    with pytest.raises(InputError, match="runtime expected auto, onnx, litert, tensorflow, received 'tf'"):
        ser_fop.load("emotion-common", runtime="tf")
    for runtime in ("auto", "onnx", "litert", "tensorflow"):
        with pytest.raises(InputError, match="no folder and no name of a published model"):
            ser_fop.load(tmp_path / "none", runtime=runtime)


def test_a_stream_twin_without_its_description_is_refused(tmp_path):
    shutil.copytree(resolve_model_path(Path("emotion-stream")), tmp_path / "1")
    description = tmp_path / "1" / "assets.extra" / "stream.onnx.json"
    for damage in (lambda: description.write_text("{}"), description.unlink):
        damage()
        with pytest.raises(InputError, match="expected its description in"):
            open_step(tmp_path / "1", context_s=10.0)


def test_without_tensorflow_a_run_folder_says_what_to_install(work):
    program = "import sys; sys.modules['tensorflow'] = None; import ser_fop; ser_fop.load(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", program, str(work / "inductive")], capture_output=True, text=True)
    assert 'which is not installed: pip install "ser_fop[train]"' in done.stderr


@pytest.mark.parametrize("name", [model.name for model in ser_fop.list_models() if model.labels])
def test_twins_of_published_models_give_the_answers_stored_with_them(name):
    folder = resolve_model_path(Path(name))
    golden = np.load(folder / "assets.extra" / "golden.npz")
    twin = OnnxInferenceModel(folder / "assets.extra" / "model.onnx", read_spec(folder / "assets" / "network.json"))
    found = twin.from_waveform(golden["waveform"], golden["length"])["scores"]
    np.testing.assert_allclose(found, golden["answer_scores"], atol=1e-5)
    assert found.max() > 0
