"""Latency of the prediction of one utterance at a time."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.apart import apart
from benchmarks.classifiers import EAGER, FUNCTION, OURS, PREDICT, TORCH, mel_classifier, same, waveform_classifier
from benchmarks.fake_records import fake_mels
from benchmarks.fake_speech import RATE_HZ, voiced_minute
from benchmarks.harness import Comparison, Contender, compare
from benchmarks.settings import Settings
from benchmarks.shared_network import write_weights

if TYPE_CHECKING:
    import numpy as np

_FRAMES = 450
# Warm-up before each measurement: TensorFlow's first hundred calls are slower, and other contenders have used the
# machine since the last round.
_WARM_ROUNDS, _WARM_CALLS = 3, 10
_SAMPLES = (_FRAMES - 1) * RATE_HZ // 100 + 400


def run(settings: Settings) -> list[Comparison]:
    weights = settings.work / "weights.npz"
    apart(write_weights, weights)
    return [_one(settings, weights, waveform=waveform) for waveform in (False, True)]


def _one(settings: Settings, weights: Path, *, waveform: bool) -> Comparison:
    expected = apart(_probabilities, EAGER, weights, waveform=waveform)
    options = {"weights": weights, "waveform": waveform, "calls": 5 if settings.quick else 50, "expected": expected}
    contenders = [
        Contender(name=name, setup=_calls, options={"kind": kind, **options}, warmups=_WARM_ROUNDS)
        for name, kind in ((OURS, FUNCTION), (PREDICT, PREDICT), (EAGER, EAGER), (TORCH, TORCH))
    ]
    part = "from its samples to" if waveform else "the network's part, from its log-mel to"
    title = f"one utterance of 4.5 s ({_FRAMES} frames) at a time, {part} probabilities"
    key = "prediction-waveform" if waveform else "prediction-call"
    return compare(key, title, contenders, unit="calls / s", rounds=settings.rounds, whole=1)


def _probabilities(kind: str, weights: Path, *, waveform: bool) -> "np.ndarray":
    return _predictor(kind, weights, waveform)()


def _predictor(kind: str, weights: Path, waveform: bool) -> "Callable[[], np.ndarray]":
    """Return a function that computes the probabilities of one utterance."""
    import numpy as np

    if waveform:
        from_waveform, samples = waveform_classifier(kind, weights), voiced_minute()[None, :_SAMPLES]
        return lambda: from_waveform(samples)
    from_mel, mel = mel_classifier(kind, weights), next(fake_mels([_FRAMES]))[None].astype(np.float32)
    return lambda: from_mel(mel, np.array([_FRAMES]))


def _calls(
    kind: str, weights: Path, waveform: bool, calls: int, expected: "np.ndarray"
) -> Callable[[], tuple[float, float]]:
    predict = _predictor(kind, weights, waveform)

    def work() -> tuple[float, float]:
        for _ in range(_WARM_CALLS):
            predict()
        started = time.perf_counter()
        for _ in range(calls):
            found = predict()
        seconds = time.perf_counter() - started
        same(found, expected)
        return calls, seconds

    return work
