"""Model cards: the text of `MODEL_CARD.md` from the config and the metrics of a model."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from ser_fop.corpora.base import Corpus
from ser_fop.corpora.registry import CORPORA
from ser_fop.corpora.speaker_units import PARTLY_MARK, UNIT_MARK
from ser_fop.corpora.targets import EMOTION, SPEAKER
from ser_fop.export.card_sections import calibration_section, cross_corpus_section, probe_section, stress_section
from ser_fop.models.network_spec import NetworkSpec

_FOP = "Future Observation Prediction ([Lian et al. 2019](https://arxiv.org/abs/1910.13806))"
# Kind of speech of each corpus, for the limits of the model.
_SPEECH = {
    "ravdess": "acted speech: two sentences, professional actors, North American English, a studio",
    "librispeech": "read English from audio books",
    "iemocap": "acted dialogues, improvised and scripted, ten actors, American English, a studio",
    "emodb": "acted speech: ten sentences, ten German speakers, an anechoic room",
    "crema_d": "acted speech: twelve sentences, actors, American English, a studio",
    "vctk": "read English sentences, a quiet room",
}

# A confusion matrix with more classes cannot be read.
_MOST_SHOWN = 40
_FRAMES = {"log_mel": "log-mels", "mfcc": "MFCCs", "lpc": "linear prediction values", "lpcc": "LPC cepstra"}


def model_card(spec: NetworkSpec, described: Mapping[str, Any], metrics: Mapping[str, Any]) -> str:
    """Return the text of a model card.

    Args:
        spec: Config of the network.
        described: Content of the model's `config.json`: name, licence, notes, and the stages that made the model.
        metrics: Content of the model's `metrics.json`.

    Returns:
        The card in Markdown.
    """
    parts = [f"# {described['name']}", _summary(spec, described), _use(spec, described), _data(spec, described)]
    parts += [
        _figures(spec, metrics),
        calibration_section(metrics.get("calibration", {}), folds=metrics["figures"].get("folds", 0)),
        cross_corpus_section(metrics.get("cross_corpus", ())),
        stress_section(metrics.get("stress", ())),
        _skill(metrics["pretraining"]),
        probe_section(metrics.get("probe", {})),
        _limits(spec, described),
        _made(described, metrics),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _summary(spec: NetworkSpec, described: Mapping[str, Any]) -> str:
    size = spec.model
    network = (
        f"The network is a {size.backbone} with {size.layers} layers and width {size.d_model}. Its input has"
        f" {spec.features.width} {_FRAMES[spec.features.front_end]} per frame from speech at"
        f" {spec.features.sample_rate_hz} Hz, and {size.stacked_frames} frames per step."
    )
    if not spec.labels:
        return (
            f"Speech features, learned without labels by the prediction of future mel frames, {_FOP}. {network}"
            " The model has no emotion classes. Fine-tune it, or train a classifier on its hypercolumns."
        )
    *before, last = described["made"]
    strategy = last["config"]["training"]["strategy"]
    trained = "trained from scratch" if not before else f"pretrained by {_FOP} and fine-tuned ({strategy})"
    what = "emotions" if spec.target == EMOTION else f"classes of the target `{spec.target}`"
    return f"Recognises {len(spec.labels)} {what} in speech: {', '.join(spec.labels)}. {network} It was {trained}."


def _use(spec: NetworkSpec, described: Mapping[str, Any]) -> str:
    name = described["name"]
    if spec.labels:
        lines = [f"ser-fop predict --model {name} a.wav", f"ser-fop serve {name}"]
    else:
        lines = [
            f"ser-fop predict --model {name} --hypercolumns features.npz a.wav folder/",
            f"ser-fop finetune --pretrained {name} --records RECORDS --out RUN",
            f"ser-fop extract  --pretrained {name} --records RECORDS --out HYPER",
        ]
    trimmed = (
        " The training data has no silence at the start and the end of an utterance (more than"
        f" {spec.trim_below_db:g} dB below the loudest frame). The model trims waveforms in the same way. Log-mels"
        " should begin and end with speech."
        if spec.trim_below_db
        else ""
    )
    twin = (
        " `1/assets.extra/model.onnx` is the whole graph for ONNX Runtime, which `predict` runs." if spec.labels else ""
    )
    return (
        "## Use\n\n```bash\n" + "\n".join(lines) + "\n```\n\nFolder `1` is a SavedModel for TF Serving and"
        f" `tf.saved_model.load`.{twin} `1/assets.extra/golden.npz` contains test sounds and the expected outputs.{trimmed}"
    )


def _people_heard(spec: NetworkSpec) -> Counter[str]:
    """Return the number of people whom the network has heard, by corpus."""
    parts = (speaker.partition(":") for speaker in spec.seen_speakers)
    people = {(corpus, name.removeprefix(PARTLY_MARK)) for corpus, _, name in parts if not name.startswith(UNIT_MARK)}
    return Counter(corpus for corpus, _ in people)


def _data(spec: NetworkSpec, described: Mapping[str, Any]) -> str:
    seen_counts = _people_heard(spec)
    lines = ["## Data and licence", "", "| corpus | speakers | licence | |", "|---|---|---|---|"]
    for name, speakers in sorted(seen_counts.items()):
        corpus, own = _corpus_of(name, described)
        if corpus:
            lines.append(f"| [{corpus.title}]({corpus.url}) | {speakers} | {corpus.licence} | {corpus.citation} |")
        else:
            lines.append(f"| {own.get('title', name)} | {speakers} | {own.get('licence', 'unknown')} | |")
    notes = [f"- {note}" for note in described["notes"]]
    return "\n".join(
        [
            *lines,
            "",
            f"The licence of the model is **{described['licence']}**, as its data requires.",
            *([""] if notes else []),
            *notes,
        ]
    )


def _corpus_of(name: str, described: Mapping[str, Any]) -> tuple[Corpus | None, Mapping[str, str]]:
    """Return the corpus of a name, and what the runs state of it.

    An owner's corpus may have the name of a published one: the title that the runs state tells them apart.
    """
    own = _stated(described).get(name, {})
    corpus = CORPORA.get(name)
    return (corpus if corpus and own.get("title", corpus.title) == corpus.title else None), own


def _stated(described: Mapping[str, Any]) -> dict[str, Mapping[str, str]]:
    """Return title and licence of each corpus as the runs state them, by name."""
    return {one["name"]: one for stage in described["made"] for one in stage.get("corpora", ())}


def _figures(spec: NetworkSpec, metrics: Mapping[str, Any]) -> str:
    figures, control = metrics["figures"], metrics["control"]
    if not figures:
        return ""
    lines = [
        "## Results",
        "",
        _protocol(spec, figures),
        "",
        "| | mean | 95 % interval over repeats | 95 % interval over speakers |",
        "|---|---|---|---|",
    ]
    names = {
        "ua": "UA: mean recall over classes, %",
        "wa": "WA: share of correct predictions, %",
        "macro_f1": "macro F1, %",
    }
    rows = [(title, figures[key]) for key, title in names.items()]
    if control:
        rows.append((f"control: UA without pretraining, %, {_repeats(control)}", control["ua"]))
    for title, one in rows:
        lines.append(
            f"| {title} | {100 * one['mean']:.1f} | {_interval(one['over_repeats'])} | {_interval(one.get('over_speakers'))} |"
        )
    lines += [
        "",
        f"Chance level is {100 / len(spec.labels):.1f} % UA." + _uncalibrated(metrics),
        *(_confusions(spec, figures) if len(spec.labels) <= _MOST_SHOWN else []),
    ]
    return "\n".join(lines)


def _protocol(spec: NetworkSpec, figures: Mapping[str, Any]) -> str:
    tested = f"{_repeats(figures)} ({figures['n']} utterances)."
    folds = "one" if figures["folds"] == 1 else figures["folds"]
    kind = "fold" if figures["folds"] == 1 else "folds"
    if spec.target == SPEAKER:
        return (
            "This model was trained on all recordings, so that none is left to evaluate it. The figures below are of the"
            f" same recipe over {folds} {kind}, {tested} Each recording was predicted by a network that had"
            " heard other recordings of its speaker."
        )
    return (
        "This model was trained on all speakers above, so that no speaker is left to evaluate it. The figures below are"
        f" of the same recipe over {folds} speaker-disjoint {kind}, {tested}"
        " Each utterance was predicted by a network that had not seen its speaker. In each fold, the epoch and the"
        " learning rate were not selected on the test speakers."
    )


def _confusions(spec: NetworkSpec, figures: Mapping[str, Any]) -> list[str]:
    """Return the confusion matrix as lines of Markdown. A class that was never tested has no row."""
    lines = [
        "",
        f"Confusion matrix, in % of the utterances of each true {spec.target} (rows: true {spec.target}, columns: prediction):",
        "",
        "| | " + " | ".join(spec.labels) + " |",
        "|---|" + "---|" * len(spec.labels),
    ]
    for label, row in zip(spec.labels, figures["confusion"], strict=True):
        if sum(row):
            lines.append(f"| {label} | " + " | ".join(f"{100 * count / sum(row):.0f}" for count in row) + " |")
    return lines


def _uncalibrated(metrics: Mapping[str, Any]) -> str:
    if metrics.get("calibration"):
        return ""
    ece = 100 * metrics["figures"]["ece"]
    return f" The expected calibration error of the probabilities is {ece:.1f} points; they are not calibrated."


def _skill(pretraining: Mapping[str, Any]) -> str:
    if not pretraining:
        return ""
    return (
        f"## Pretraining\n\nSkill {pretraining['skill']:+.3f} on {pretraining['validation_speakers']} held-out speakers."
        f" Skill is 1 - error / error of copying the last frame ({pretraining['error']:.3f} against"
        f" {pretraining['copy_error']:.3f}). It was {pretraining['untrained_skill']:+.2f} before training. The best of the"
        f" {pretraining['epochs']} epochs was selected on the same speakers. The training data has"
        f" {pretraining['hours']:.1f} h of speech."
    )


def _limits_of_use(spec: NetworkSpec) -> list[str]:
    by_target = {
        EMOTION: "- Felt, shown and acted emotions are different. Expect a much lower accuracy on everyday speech.",
        SPEAKER: "- It names one of its speakers for any voice. It does not tell a stranger, and it proves no identity.",
    }
    law = " The European Union prohibits the inference of emotions at work and in education (AI Act, article 5)."
    return [
        *([by_target[spec.target]] if spec.target in by_target else []),
        "- `predict` and `serve` refuse recordings without speech. Singing and music can pass for speech. The"
        " exported graph alone does not look for speech.",
        "- **Not for decisions about people**: not in hiring, schooling, policing, insurance, medicine or surveillance."
        + (law if spec.target == EMOTION else ""),
    ]


def _limits(spec: NetworkSpec, described: Mapping[str, Any]) -> str:
    seen_counts = sorted(_people_heard(spec).items())
    lines = ["## Limits", ""]
    for name, count in seen_counts:
        kind = _SPEECH.get(name, "speech of a kind that this card does not describe")
        corpus, own = _corpus_of(name, described)
        title = corpus.title if corpus else own.get("title", name)
        lines.append(f"- Training and validation used {count} speakers of {title}: {kind}.")
    lines.append(
        "- Other languages, ages and accents, telephone bandwidth, noise and simultaneous speakers were not in the"
        " training data, or not evaluated. Evaluate the model on your own recordings first."
    )
    if spec.labels:
        lines += _limits_of_use(spec)
    return "\n".join(lines)


def _made(described: Mapping[str, Any], metrics: Mapping[str, Any]) -> str:
    machine, lines = metrics["machine"], ["## How it was made", ""]
    if described["made_by"]:
        lines += [f"`{described['made_by']}`", ""]
    for stage in described["made"]:
        versions = ", ".join(f"{name} {stage['versions'][name]}" for name in ("tensorflow", "keras"))
        lines.append(
            f"- `{stage['stage']}`, seed {stage['config']['seed']}, revision {_short(stage['git_revision'])}, {versions}"
        )
    last = described["made"][-1]["stage"]
    return "\n".join(
        [
            *lines,
            "",
            f"The model has {metrics['parameters']:,} parameters. Stage `{last}` took {metrics['seconds'] / 60:.0f}"
            f" minutes on {machine['cores']} cores ({machine['processor']}). `config.json` contains the settings of each stage.",
        ]
    )


def _repeats(figures: Mapping[str, Any]) -> str:
    count = figures["repeats"]
    return f"{count} repeat{'s' if count > 1 else ''}"


def _short(revision: str) -> str:
    """Shorten a Git revision to 10 digits, and keep its mark for uncommitted changes."""
    number, dash, mark = revision.partition("-")
    return f"{number[:10]}{dash}{mark}"


def _interval(interval: Mapping[str, Any] | None) -> str:
    return f"{100 * interval['low']:.1f} to {100 * interval['high']:.1f}" if interval else ""
