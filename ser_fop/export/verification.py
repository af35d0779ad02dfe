"""Whether an exported model answers as the Keras network does, asked in a process that knows no ser_fop."""

import json
import os
import subprocess
import sys
from pathlib import Path

from ser_fop.errors import InputError

# Between two processes on one machine; float32 sums may be ordered otherwise.
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
# By the file's suffix, none for a SavedModel: how it is asked, and what else may be known to the process that asks.
_QUESTIONS = {"": (_SAVED_MODEL, {"tensorflow", "keras"}), ".onnx": (_ONNX, set()), ".tflite": (_LITERT, set())}


def verify(model: Path, golden: Path) -> float:
    """Compare a model's answers with those of the Keras network that it was made from.

    Args:
        model: SavedModel folder, `.onnx` or `.tflite` file.
        golden: `.npz` of its inputs, and the network's outputs as `answer_NAME`.

    Returns:
        The largest difference.

    Raises:
        InputError: If they differ by more than `TOLERANCE`, or it cannot be used by itself.
    """
    question, allowed = _QUESTIONS[model.suffix]
    run = subprocess.run(
        [sys.executable, "-I", "-c", _HEAD + question + _TAIL, str(model), str(golden)],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        last = (run.stderr.strip().splitlines() or ["no message"])[-1]
        raise InputError(f"{model} cannot be used by itself: {last}")
    found = json.loads(run.stdout.splitlines()[-1])
    if set(found["known"]) - allowed or not found["difference"]:
        raise InputError(f"{model} was not asked by itself.")
    differences = found["difference"].values()
    worst = max(differences)
    if not all(difference <= TOLERANCE for difference in differences):  # which a NaN is not
        raise InputError(f"the answers of {model} differ by {worst:.2g}, more than {TOLERANCE:g}.")
    return worst
