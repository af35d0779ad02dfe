"""`MODEL_CARD.md`, written from what a model's files say."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ser_fop.corpora import get_corpus
from ser_fop.models.saving import NetworkSpec


def model_card(
    name: str, spec: NetworkSpec, *, licence: str, made: Sequence[Mapping[str, Any]], metrics: Mapping[str, Any]
) -> str:
    """Return a model's card.

    Args:
        name: The model's name.
        spec: Its network's config.
        licence: Under which it may be used.
        made: The stages that made it, from `history`.
        metrics: Its `metrics.json`.
    """
    parts = [f"# {name}", _what(spec), _use(name, spec), _data(spec, licence)]
    parts += [_figures(spec, metrics["figures"])] if metrics["figures"] else []
    parts += [_skill(metrics["pretraining"]), _limits(spec), _made(made, metrics)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _what(spec: NetworkSpec) -> str:
    size = spec.model
    network = (
        f"a {size.backbone} of {size.layers} layers, width {size.d_model}, on {spec.features.mels} log-mels at"
        f" {spec.features.sample_rate_hz} Hz, {size.stacked_frames} frames a step"
    )
    if not spec.labels:
        return (
            "Features of speech, learned without labels by predicting mel frames that are yet to come (Future Observation"
            f" Prediction, [Lian et al. 2019](https://arxiv.org/abs/1910.13806)): {network}. It knows no emotions; it is to"
            " be fine-tuned, or its hypercolumns are to be read by a classifier of yours."
        )
    return (
        f"Tells which of {len(spec.labels)} emotions an utterance is spoken with: {', '.join(spec.labels)}. It is {network},"
        " pretrained by Future Observation Prediction ([Lian et al. 2019](https://arxiv.org/abs/1910.13806)) and fine-tuned"
        " as a whole."
    )


def _use(name: str, spec: NetworkSpec) -> str:
    lines = {
        True: [
            f"ser-fop predict --model {name} a.wav",
            f"ser-fop serve {name}",
        ],
        False: [
            f"ser-fop predict --model {name} --hypercolumns features.npz a.wav folder/",
            f"ser-fop finetune --pretrained {name} --records RECORDS --out RUN",
            f"ser-fop extract  --pretrained {name} --records RECORDS --out HYPER",
        ],
    }[bool(spec.labels)]
    return (
        "## Use\n\n```bash\n" + "\n".join(lines) + "\n```\n\nFolder `1` is a SavedModel that TF Serving and"
        " `tf.saved_model.load` take as it is; `1/assets.extra/golden.npz` holds made-up sounds with its answers."
    )


def _data(spec: NetworkSpec, licence: str) -> str:
    heard = Counter(speaker.partition(":")[0] for speaker in spec.heard)
    lines = ["## Data and licence", "", "| corpus | speakers | licence | |", "|---|---|---|---|"]
    for name, speakers in sorted(heard.items()):
        corpus = get_corpus(name)
        lines.append(f"| [{corpus.title}]({corpus.url}) | {speakers} | {corpus.licence} | {corpus.citation} |")
    return "\n".join([*lines, "", f"The model is given under **{licence}**, which its data asks for."])


def _figures(spec: NetworkSpec, figures: Mapping[str, Any]) -> str:
    repeats, folds = figures["repeats"], figures["folds"]
    lines = [
        "## What it is worth",
        "",
        f"This model learned from every speaker above, so no figure of its own can be honest. These are of the same recipe"
        f" over {folds} speaker-disjoint folds, {repeats} repeat{'s' if repeats > 1 else ''}: each utterance was answered by"
        f" a network that had not heard its speaker ({figures['n']} utterances; nothing was chosen on them).",
        "",
        "| | mean | over repeats | over speakers (95 %) |",
        "|---|---|---|---|",
    ]
    names = {"ua": "UA: mean recall over classes, %", "wa": "WA: share of right answers, %", "macro_f1": "macro F1, %"}
    for key, title in names.items():
        one = figures[key]
        lines.append(
            f"| {title} | {100 * one['mean']:.1f} | {_ends(one['over_repeats'])} | {_ends(one.get('over_speakers'))} |"
        )
    chance = 100 / len(spec.labels)
    lines += [
        "",
        f"Chance is {chance:.1f} % UA. The probabilities are off by {100 * figures['ece']:.1f} points on average (expected"
        " calibration error).",
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
        f" {pretraining['epochs']} epochs to keep."
    )


def _limits(spec: NetworkSpec) -> str:
    if not spec.labels:
        return (
            "## Limits\n\nRead English speech from audio books, few hours of it. Other languages, telephone bands, noise and"
            " several voices at once were never heard; nothing is known of how well the features serve there."
        )
    heard = Counter(speaker.partition(":")[0] for speaker in spec.heard)
    return f"""## Limits

- **Acted speech.** {len(spec.labels)} emotions as professional actors play them, a few sentences, one language, a studio. What people feel
  is not what actors show; on everyday speech expect far less, and check on recordings of your own.
- The speakers were few ({", ".join(f"{count} of {name}" for name, count in sorted(heard.items()))}). Age, accent, health and recording shift the answers in
  ways that were not measured.
- It always answers one of its emotions, even for music, noise or silence that is not quite silent.
- **Not for decisions about people**: not in hiring, schooling, policing, insurance, medicine or surveillance. Inferring
  emotions of people at work or in education is prohibited in the European Union (AI Act, article 5)."""


def _made(made: Sequence[Mapping[str, Any]], metrics: Mapping[str, Any]) -> str:
    machine = metrics["machine"]
    lines = [
        "## How it was made",
        "",
        "`pipelines/saved_models.sh LIBRISPEECH RAVDESS`; every setting is in `config.json`.",
        "",
    ]
    for stage in made:
        versions = ", ".join(
            f"{name} {stage['versions'][name]}" for name in ("tensorflow", "keras") if name in stage["versions"]
        )
        lines.append(
            f"- `{stage['stage']}`, seed {stage['config']['seed']}, revision {_short(stage['git_revision'])}, {versions}"
        )
    seconds = metrics["seconds"] / 60
    return "\n".join(
        [
            *lines,
            "",
            f"{metrics['parameters']:,} parameters; {seconds:.0f} minutes on {machine['cores']} cores ({machine['processor']}).",
        ]
    )


def _short(revision: str) -> str:
    """Return a revision as people write it, its mark for changes that no commit holds kept."""
    number, dash, mark = revision.partition("-")
    return f"{number[:10]}{dash}{mark}"


def _ends(interval: Mapping[str, Any] | None) -> str:
    return f"{100 * interval['low']:.1f} to {100 * interval['high']:.1f}" if interval else ""
