"""Verification of an exported model against the Keras network, in a process without ser_fop."""

import json
import os
import subprocess
import sys
from pathlib import Path

from ser_fop.errors import InputError

# Two processes on one machine; the order of float32 sums may differ.
TOLERANCE = 1e-5
_HEAD = """
import json, sys
import numpy as np
golden = np.load(sys.argv[2])
"""
_TAIL = """
difference = {
    name: float(np.abs(np.asarray(values, float) - golden["answer_" + name]).max())
    for name, values in found.items() if "answer_" + name in golden
}
known = sorted({name.split(".")[0] for name in sys.modules} & {"ser_fop", "keras", "tensorflow"})
print(json.dumps({"difference": difference, "known": known}))
"""
_SAVED_MODEL = """
import tensorflow as tf
model = tf.saved_model.load(sys.argv[1])
found = model.signatures["serving_default"](waveform=tf.constant(golden["waveform"]), length=tf.constant(golden["length"]))
"""
_ONNX = """
import onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
names = [output.name for output in session.get_outputs()]
found = dict(zip(names, session.run(names, {"mel": golden["mel"], "length": golden["length"]})))
"""
_LITERT = """
from ai_edge_litert.interpreter import Interpreter
run = Interpreter(sys.argv[1]).get_signature_runner()
each = [run(mel=golden["mel"][n:n + 1], length=golden["length"][n:n + 1]) for n in range(len(golden["length"]))]
found = {name: np.concatenate([one[name] for one in each]) for name in each[0]}
"""
# All steps of each sound, with a function `advance` that maps inputs to outputs.
_STREAM = """
each = []
for samples, length in zip(golden["waveform"], golden["length"]):
    state = {name.removeprefix("start_"): golden[name] for name in golden.files if name.startswith("start_")}
    for first in range(0, length - golden["window"] + 1, golden["hop"]):
        window = samples[np.newaxis, first:first + golden["window"]]
        outputs = advance(samples=window, frames=golden["frames"], **state)
        state = {name: outputs[name] for name in state}
    each.append(outputs)
found = {name: np.concatenate([one[name] for one in each]) for name in each[0]}
"""
_SAVED_MODEL_STREAM = """
import tensorflow as tf
model = tf.saved_model.load(sys.argv[1])
def advance(**inputs):
    return model.signatures["stream_step"](**{name: tf.constant(value) for name, value in inputs.items()})
"""
_LITERT_STREAM = """
from ai_edge_litert.interpreter import Interpreter
advance = Interpreter(sys.argv[1]).get_signature_runner()
"""
# Script that runs the model, and the packages that it may import, by kind of export.
_SCRIPTS = {
    "saved_model": (_SAVED_MODEL, {"tensorflow", "keras"}),
    "onnx": (_ONNX, set()),
    "litert": (_LITERT, set()),
    "saved_model_stream": (_SAVED_MODEL_STREAM + _STREAM, {"tensorflow", "keras"}),
    "litert_stream": (_LITERT_STREAM + _STREAM, set()),
}
_KIND_OF_SUFFIX = {"": "saved_model", ".onnx": "onnx", ".tflite": "litert"}


def verify(model: Path, golden: Path, *, kind: str = "") -> float:
    """Compare the outputs of an exported model with those of the Keras network.

    Args:
        model: SavedModel folder, `.onnx` file or `.tflite` file.
        golden: `.npz` file with the inputs, and with the outputs of the network as `answer_NAME`.
        kind: `saved_model_stream` or `litert_stream`, for the steps of a stream; by default, the suffix tells the kind.

    Returns:
        The largest absolute difference of an output.

    Raises:
        InputError: If the difference exceeds `TOLERANCE`, or the model cannot run without ser_fop.
    """
    script, allowed = _SCRIPTS[kind or _KIND_OF_SUFFIX[model.suffix]]
    run = subprocess.run(
        [sys.executable, "-I", "-c", _HEAD + script + _TAIL, str(model), str(golden)],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        last = (run.stderr.strip().splitlines() or ["no message"])[-1]
        raise InputError(f"{model} cannot run without ser_fop: {last}")
    found = json.loads(run.stdout.splitlines()[-1])
    if set(found["known"]) - allowed or not found["difference"]:
        raise InputError(
            f"verification of {model} expected outputs to compare and no packages except {sorted(allowed)}, received"
            f" outputs {sorted(found['difference'])} and packages {found['known']}."
        )
    differences = found["difference"].values()
    worst = max(differences)
    if not all(difference <= TOLERANCE for difference in differences):  # false for NaN
        raise InputError(
            f"expected outputs of {model} that differ by at most {TOLERANCE:g} from the network, received {worst:.2g}."
        )
    return worst
