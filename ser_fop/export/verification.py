"""Whether a SavedModel answers as the Keras network does, asked in a process that knows no ser_fop."""

import json
import os
import subprocess
import sys
from pathlib import Path

from ser_fop.errors import InputError
from ser_fop.export.serving_model import EXTRA, GOLDEN

# Between two processes on one machine; float32 sums may be ordered otherwise.
TOLERANCE = 1e-5
_QUESTION = """
import json, sys
import numpy as np
import tensorflow as tf
model, golden = tf.saved_model.load(sys.argv[1]), np.load(sys.argv[2])
found = model.signatures["serving_default"](waveform=tf.constant(golden["waveform"]), length=tf.constant(golden["length"]))
difference = {
    name: float(np.abs(values.numpy() - golden["answer_" + name]).max())
    for name, values in found.items() if "answer_" + name in golden
}
known = [name for name in sys.modules if name.split(".")[0] in ("ser_fop", "keras")]
print(json.dumps({"difference": difference, "known": known}))
"""


def verify_serving_model(folder: Path) -> float:
    """Compare a SavedModel's answers with those of the Keras network that it was written from.

    Args:
        folder: What `write_serving_model` wrote.

    Returns:
        The largest difference.

    Raises:
        InputError: If they differ by more than `TOLERANCE`, or it cannot be loaded by itself.
    """
    run = subprocess.run(
        [sys.executable, "-I", "-c", _QUESTION, str(folder), str(folder / EXTRA / GOLDEN)],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        last = (run.stderr.strip().splitlines() or ["no message"])[-1]
        raise InputError(f"the SavedModel cannot be used by itself: {last}")
    found = json.loads(run.stdout.splitlines()[-1])
    if "ser_fop" in found["known"] or not found["difference"]:
        raise InputError("the SavedModel was not asked by itself.")
    worst = max(found["difference"].values())
    if not worst <= TOLERANCE:
        raise InputError(f"the SavedModel's answers differ by {worst:.2g}, more than {TOLERANCE:g}.")
    return worst
