"""Measure the resident memory of a process that trains many small networks: `python -m benchmarks.memory [--without-release]`."""

import argparse
import contextlib
from pathlib import Path

import keras
import numpy as np

from ser_fop.config.settings import ModelConfig
from ser_fop.models.backbone import Backbone
from ser_fop.models.emotion_classifier import EmotionClassifier
from ser_fop.training.classification import compile_classifier
from ser_fop.training.memory import network_scope
from ser_fop.training.reuse import get_or_compile

NETWORKS, EVERY, MELS = 40, 5, 80


def resident_mb() -> float:
    """Return the resident memory of this process, in megabytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def train(number: int) -> None:
    """Train one network for two steps; every network has another dropout, so that none reuses compiled steps."""
    size = ModelConfig(d_model=32, heads=4, feed_forward=64, layers=2, dropout=0.1 + number / 1000)
    network = get_or_compile(
        EmotionClassifier(Backbone(size, MELS), 4),
        lambda one: compile_classifier(one, optimizer=keras.optimizers.Adam()),
        size=size,
    )
    generator = np.random.default_rng(number)
    inputs = {"mel": generator.normal(size=(4, 50, MELS)).astype(np.float32), "mask": np.ones((4, 50), bool)}
    labels = generator.integers(0, 4, 4).astype(np.int32)
    network.fit(inputs, labels, batch_size=2, epochs=1, verbose=0)
    network.predict(inputs, verbose=0)


def main() -> None:
    """Print the resident memory after every `EVERY` networks, and its growth since the first of these."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--without-release", action="store_true", help="do not release networks, for comparison")
    scope = contextlib.nullcontext if parser.parse_args().without_release else network_scope
    seen = []
    for number in range(NETWORKS):
        with scope():
            train(number)
        if (number + 1) % EVERY == 0:
            seen.append(resident_mb())
            print(f"{number + 1:3d} networks: {seen[-1]:6.0f} MB", flush=True)
    print(f"growth since network {EVERY}: {seen[-1] / seen[0] - 1:+.1%}")


if __name__ == "__main__":
    main()
