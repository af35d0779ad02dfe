"""Draw the picture of the README and that of the architecture: `python docs/draw_overview.py`.

The waveform and the spectrograms are real: a recording of the package, and what `fop-librispeech` predicts of it.
"""

import dataclasses
import json
from pathlib import Path

import numpy as np
from svg_parts import BLUE, INK, ORANGE, PICTURES, QUIET, arrow, bitmap, box, curve, svg, text

import ser_fop

_NETWORK = "fop-librispeech"
_EMOTION = "happy"
_SAMPLES = ("angry", "happy", "neutral", "sad")
_WIDTH = 760
# Skill on each sample, for the text of the gallery.
SKILLS = PICTURES / "sample_skills.json"


@dataclasses.dataclass(frozen=True)
class Example:
    """A recording, and a network's prediction of it.

    Attributes:
        samples: Samples, (samples,).
        true: Log-mels, (frames, mels).
        predicted: Log-mels of the same frames as predicted, (frames, mels).
        ahead_ms: Distance of the prediction, in milliseconds.
        skill: 1 - error / error of copying the last frame, on this recording.
    """

    samples: np.ndarray
    true: np.ndarray
    predicted: np.ndarray
    ahead_ms: float
    skill: float


def example(emotion: str = _EMOTION) -> Example:
    """Return a recording and its prediction.

    Args:
        emotion: Emotion of the sample.
    """
    # TensorFlow is imported only here: the tests draw without it.
    import tensorflow as tf

    from ser_fop.corpora.audio import read_audio
    from ser_fop.hub.networks import load_network
    from ser_fop.inference.inference_model import InferenceModel

    model = InferenceModel(*load_network(Path(_NETWORK)))
    features, (horizon, *_) = model.spec.features, model.spec.horizons
    samples = read_audio(ser_fop.sample(emotion), sample_rate_hz=features.sample_rate_hz)
    mel, length = model.compute_mels(tf.constant(samples[np.newaxis]), tf.constant([len(samples)]))
    frames = mel.numpy()[0]
    predicted = model.frames_of_mel(mel, length)["prediction"].numpy()[0, :-horizon]
    true, copied = frames[horizon:], frames[:-horizon]
    std = np.asarray(model.network.backbone.normalization.std)
    error, copy_error = (float(np.abs((values - true) / std).mean()) for values in (predicted, copied))
    return Example(samples, true, predicted, 1000 * horizon * features.hop_s, 1 - error / copy_error)


def overview(found: Example) -> str:
    """Return the picture of the README."""
    low, high = np.quantile(found.true, [0.02, 0.995])
    mel = {"low": low, "high": high}
    middle = 96
    parts = [
        text(80, 30, "waveform", colour=QUIET),
        curve(found.samples, 12, middle, 136, 84),
        arrow((152, middle), (176, middle)),
        text(248, 30, "log-mel", colour=QUIET),
        bitmap(found.true, 182, middle - 46, 132, 92, **mel),
        arrow((318, middle), (342, middle)),
        text(432, 30, "causal network", colour=QUIET),
        _causal(348, middle - 46, 168, 92),
        arrow((520, middle - 14), (540, middle - 32), (560, middle - 32)),
        arrow((520, middle + 14), (540, middle + 32), (560, middle + 32)),
        box(566, middle - 54, 182, 44, ["future frames"]),
        box(566, middle + 10, 182, 44, ["emotion"], fill="#fdf0e3", edge=ORANGE),
    ]
    top, height, side = 196, 96, 362
    parts += [
        text(12, top - 8, "true log-mel", anchor="start", bold=True),
        bitmap(found.true, 12, top, side, height, **mel),
        text(
            12 + side + 12, top - 8, f"predicted {found.ahead_ms:.0f} ms before it is heard", anchor="start", bold=True
        ),
        bitmap(found.predicted, 12 + side + 12, top, side, height, **mel),
    ]
    title = (
        f"Waveform, log-mel, causal network, future frames or emotion; a true and a predicted spectrogram ({_NETWORK})"
    )
    return svg(_WIDTH, top + height + 14, parts, title=title)


def _causal(x: float, y: float, width: float, height: float) -> str:
    """Draw three rows of steps, each of which sees the earlier ones."""
    columns, rows = 7, 3
    places = [
        [
            (x + 12 + column * (width - 24) / (columns - 1), y + height - 10 - row * (height - 20) / (rows - 1))
            for column in range(columns)
        ]
        for row in range(rows)
    ]
    lines = []
    for row in range(1, rows):
        for column, (to_x, to_y) in enumerate(places[row]):
            for from_x, from_y in places[row - 1][: column + 1]:
                last = column == columns - 2
                colour, opacity = (BLUE, 0.9) if last else ("#9aa9c7", 0.35)
                lines.append(
                    f"<line x1='{from_x:.1f}' y1='{from_y:.1f}' x2='{to_x:.1f}' y2='{to_y:.1f}' stroke='{colour}' stroke-opacity='{opacity}'/>"
                )
    dots = [f"<circle cx='{px:.1f}' cy='{py:.1f}' r='4.5' fill='{BLUE}'/>" for row in places for px, py in row]
    return "".join([*lines, *dots])


def architecture() -> str:
    """Return the picture of the layers."""
    left, width, height, gap = 40, 250, 40, 22
    names = [
        ["log-mel frames, 80 bands"],
        ["normalisation: F"],
        ["stack, embed, add positions"],
        ["causal attention layer: h1"],
        ["causal attention layer: h2"],
    ]
    bottom = 372
    tops = [bottom - number * (height + gap) for number in range(len(names))]
    parts = []
    for number, (words, y) in enumerate(zip(names, tops, strict=True)):
        parts.append(box(left, y, width, height, words, fill="#ffffff" if number == 0 else "#e8eef9"))
        if number:
            parts.append(arrow((left + width / 2, y + height + gap), (left + width / 2, y + height + 2)))
    right, wide = 430, 300
    heads = [
        (40, ["linear map: the later frame"], "pretraining, without labels", "#e8eef9", BLUE),
        (142, ["pooling over time, linear map"], "fine-tuning: the emotion", "#fdf0e3", ORANGE),
        (244, ["F, h1, h2, pooled over time"], "hypercolumns: SVM, random forest, ..", "#fdf0e3", ORANGE),
        (346, ["LSTM with attention over time"], "A-LSTM: the emotion", "#fdf0e3", ORANGE),
    ]
    start = (left + width, tops[-1] + height / 2)
    for y, words, below, fill, edge in heads:
        parts.append(box(right, y, wide, height, words, fill=fill, edge=edge))
        parts.append(text(right + wide / 2, y + height + 18, below, size=13, colour=QUIET))
        middle = y + height / 2
        parts.append(arrow(start, (360, start[1]), (360, middle), (right - 3, middle)))
    parts.append(text(left + width / 2, 40, "a step sees earlier steps only", size=14, colour=QUIET))
    parts.append(text(left + width / 2, 66, "hidden states, 256 values a step", size=14, colour=INK))
    return svg(_WIDTH, 430, parts, title="The layers of the network, and the four ways to use its hidden states")


if __name__ == "__main__":
    PICTURES.mkdir(exist_ok=True)
    examples = {emotion: example(emotion) for emotion in _SAMPLES}
    (PICTURES / "overview.svg").write_text(overview(examples[_EMOTION]), encoding="utf-8")
    (PICTURES / "architecture.svg").write_text(architecture(), encoding="utf-8")
    skills = {emotion: round(found.skill, 3) for emotion, found in examples.items()}
    text = json.dumps({"network": _NETWORK, "command": "python docs/draw_overview.py", "skill": skills}, indent=1)
    SKILLS.write_text(text + "\n", encoding="utf-8")
