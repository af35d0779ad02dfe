"""Compare the outputs of a model with those of its export, with TensorFlow alone: `python check_model.py MODEL`."""

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

# Another version of TensorFlow may sum in another order.
TOLERANCE = 1e-4


def main(folder: Path) -> int:
    """Check every version in a model folder; return the exit status."""
    versions = sorted(path for path in folder.iterdir() if path.name.isdecimal())
    if not versions:
        print(f"{folder} contains no version of a model: expected folders such as {folder / '1'}.", file=sys.stderr)
        return 2
    for version in versions:
        golden = np.load(version / "assets.extra" / "golden.npz")
        model = tf.saved_model.load(str(version))  # fails if this TensorFlow lacks an operation of the model
        inputs = {name: tf.constant(golden[name]) for name in ("waveform", "length")}
        found = model.signatures["serving_default"](**inputs)
        known = [name for name in found if f"answer_{name}" in golden]
        differences = [float(np.abs(found[name].numpy() - golden[f"answer_{name}"]).max()) for name in known]
        worst = max(differences)
        print(f"{version}: TensorFlow {tf.__version__}, largest difference {worst:.1g}")
        if not all(difference <= TOLERANCE for difference in differences):  # also fails for NaN
            print(f"{version}: expected a difference of at most {TOLERANCE:g}, received {worst:.1g}.", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
