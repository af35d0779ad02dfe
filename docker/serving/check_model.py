"""Ask a model for the answers that it was exported with: `python check_model.py MODEL`, with TensorFlow alone."""

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

# Another version of TensorFlow may order its sums otherwise.
TOLERANCE = 1e-4


def main(folder: Path) -> int:
    """Check every version in a model's folder; return the exit status."""
    versions = sorted(path for path in folder.iterdir() if path.name.isdecimal())
    if not versions:
        print(f"{folder} holds no version of a model: expected folders such as {folder / '1'}.", file=sys.stderr)
        return 2
    for version in versions:
        golden = np.load(version / "assets.extra" / "golden.npz")
        model = tf.saved_model.load(str(version))  # an operation that this TensorFlow lacks ends it here
        inputs = {name: tf.constant(golden[name]) for name in ("waveform", "length")}
        found = model.signatures["serving_default"](**inputs)
        known = [name for name in found if f"answer_{name}" in golden]
        differences = [float(np.abs(found[name].numpy() - golden[f"answer_{name}"]).max()) for name in known]
        worst = max(differences)
        print(f"{version}: TensorFlow {tf.__version__} answers within {worst:.1g}")
        if not all(difference <= TOLERANCE for difference in differences):  # which a NaN is not
            print(f"{version}: expected answers within {TOLERANCE:g}.", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
