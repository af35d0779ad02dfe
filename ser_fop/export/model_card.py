"""`MODEL_CARD.md`, written from what a model's files say."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from ser_fop.corpora import get_corpus
from ser_fop.models.saving import NetworkSpec

_FOP = "Future Observation Prediction ([Lian et al. 2019](https://arxiv.org/abs/1910.13806))"
# What the speech of a corpus is not.
_SPEECH = {
    "ravdess": "acted speech: two sentences, professional actors, North American English, a studio",
    "librispeech": "read English from audio books",
    "iemocap": "acted dialogues, improvised and scripted, ten actors, American English, a studio",
    "emodb": "acted speech: ten sentences, ten German speakers, an anechoic room",
    "crema_d": "acted speech: twelve sentences, actors, American English, a studio",
    "vctk": "read English sentences, a quiet room",
}

_FRAMES = {"log_mel": "log-mels", "mfcc": "MFCCs", "lpc": "values of linear prediction", "lpcc": "LPC cepstra"}


def model_card(spec: NetworkSpec, described: Mapping[str, Any], metrics: Mapping[str, Any]) -> str:
    """Return a model's card.

    Args:
        spec: Its network's config.
        described: Its `config.json`: name, licence, notes, and the stages that made it.
        metrics: Its `metrics.json`.
    """
    parts = [f"# {described['name']}", _what(spec, described), _use(spec, described), _data(spec, described)]
    parts += [
        _figures(spec, metrics),
        _skill(metrics["pretraining"]),
        _limits(spec, described),
        _made(described, metrics),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _what(spec: NetworkSpec, described: Mapping[str, Any]) -> str:
    size = spec.model
    network = (
        f"a {size.backbone} of {size.layers} layers, width {size.d_model}, on {spec.features.width} {_FRAMES[spec.features.front_end]} at"
        f" {spec.features.sample_rate_hz} Hz, {size.stacked_frames} frames a step"
    )
    if not spec.labels:
        return (
            f"Features of speech, learned without labels by predicting mel frames that are yet to come, {_FOP}: {network}."
            " It knows no emotions; it is to be fine-tuned, or its hypercolumns are to be read by a classifier of yours."
        )
    *before, last = described["made"]
    strategy = last["config"]["training"]["strategy"]
    trained = "trained from scratch" if not before else f"pretrained by {_FOP} and fine-tuned ({strategy})"
    return (
        f"Tells which of {len(spec.labels)} emotions an utterance is spoken with: {', '.join(spec.labels)}. It is {network},"
        f" {trained}."
    )


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
        f" It learned from speech without the silence around it (below {spec.trim_below_db:g} dB of the loudest frame), and"
        " cuts that of a waveform itself; log-mels should begin and end with speech."
        if spec.trim_below_db
        else ""
    )
    return (
        "## Use\n\n```bash\n" + "\n".join(lines) + "\n```\n\nFolder `1` is a SavedModel that TF Serving and"
        " `tf.saved_model.load` take as it is; `1/assets.extra/golden.npz` holds sounds with its answers." + trimmed
    )


def _data(spec: NetworkSpec, described: Mapping[str, Any]) -> str:
    heard = Counter(speaker.partition(":")[0] for speaker in spec.seen_speakers)
    lines = ["## Data and licence", "", "| corpus | speakers | licence | |", "|---|---|---|---|"]
    for name, speakers in sorted(heard.items()):
        corpus = get_corpus(name)
        lines.append(f"| [{corpus.title}]({corpus.url}) | {speakers} | {corpus.licence} | {corpus.citation} |")
    notes = [f"- {note}" for note in described["notes"]]
    return "\n".join(
        [
            *lines,
            "",
            f"The model is given under **{described['licence']}**, which its data asks for.",
            *([""] if notes else []),
            *notes,
        ]
    )


def _figures(spec: NetworkSpec, metrics: Mapping[str, Any]) -> str:
    figures, control = metrics["figures"], metrics["control"]
    if not figures:
        return ""
    lines = [
        "## What it is worth",
        "",
        f"This model learned from every speaker above, so no figure of its own can be honest. These are of the same recipe"
        f" over {figures['folds']} speaker-disjoint folds, {_repeats(figures)}: each utterance was answered by a network that"
        f" had not heard its speaker ({figures['n']} utterances), and whose epochs and rates nobody chose by them.",
        "",
        "| | mean | over repeats (95 %) | over speakers (95 %) |",
        "|---|---|---|---|",
    ]
    names = {"ua": "UA: mean recall over classes, %", "wa": "WA: share of right answers, %", "macro_f1": "macro F1, %"}
    rows = [(title, figures[key]) for key, title in names.items()]
    if control:
        rows.append((f"control: UA without pretraining, %, {_repeats(control)}", control["ua"]))
    for title, one in rows:
        lines.append(
            f"| {title} | {100 * one['mean']:.1f} | {_ends(one['over_repeats'])} | {_ends(one.get('over_speakers'))} |"
        )
    lines += [
        "",
        f"Chance is {100 / len(spec.labels):.1f} % UA. The probabilities are off by {100 * figures['ece']:.1f} points on average"
        " (expected calibration error).",
        "",
        "Answers in % of each emotion's utterances, the true emotion on the left:",
        "",
        "| | " + " | ".join(spec.labels) + " |",
        "|---|" + "---|" * len(spec.labels),
    ]
    for label, row in zip(spec.labels, figures["confusion"], strict=True):
        lines.append(f"| {label} | " + " | ".join(f"{100 * count / sum(row):.0f}" for count in row) + " |")
    return "\n".join(lines)


def _skill(pretraining: Mapping[str, Any]) -> str:
    if not pretraining:
        return ""
    return (
        f"## Pretraining\n\nSkill {pretraining['skill']:+.3f} on {pretraining['validation_speakers']} held-out speakers:"
        f" 1 - error / error of copying the last frame ({pretraining['error']:.3f} against {pretraining['copy_error']:.3f});"
        f" {pretraining['untrained_skill']:+.2f} before training. The same speakers told which of the"
        f" {pretraining['epochs']} epochs to keep. It learned from {pretraining['hours']:.1f} h of speech."
    )


def _limits(spec: NetworkSpec, described: Mapping[str, Any]) -> str:
    heard = sorted(Counter(speaker.partition(":")[0] for speaker in spec.seen_speakers).items())
    lines = ["## Limits", ""]
    for name, count in heard:
        kind = _SPEECH.get(name, "speech of kinds that its owner knows")
        lines.append(f"- It heard {count} speakers of {get_corpus(name).title}: {kind}.")
    lines.append(
        "- Other languages, ages and accents, telephone bands, noise, and several voices at once were not heard, or not"
        " measured: try it on recordings of your own."
    )
    if spec.labels:
        lines += [
            "- What people feel is not what they show, and what actors show is neither: on everyday speech expect far less.",
            "- It always answers one of its emotions, for music and noise too.",
            "- **Not for decisions about people**: not in hiring, schooling, policing, insurance, medicine or surveillance."
            " Inferring emotions of people at work or in education is prohibited in the European Union (AI Act, article 5).",
        ]
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
            f"{metrics['parameters']:,} parameters; `{last}` alone took {metrics['seconds'] / 60:.0f} minutes on"
            f" {machine['cores']} cores ({machine['processor']}). `config.json` has the settings of each stage.",
        ]
    )


def _repeats(figures: Mapping[str, Any]) -> str:
    count = figures["repeats"]
    return f"{count} repeat{'s' if count > 1 else ''}"


def _short(revision: str) -> str:
    """Return a revision as people write it, its mark for changes that no commit holds kept."""
    number, dash, mark = revision.partition("-")
    return f"{number[:10]}{dash}{mark}"


def _ends(interval: Mapping[str, Any] | None) -> str:
    return f"{100 * interval['low']:.1f} to {100 * interval['high']:.1f}" if interval else ""
