"""The systems that the paper compares with, run on the same records, folds, seeds and budgets."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ser_fop.errors import InputError, closest
from ser_fop.experiments.baseline import Baseline

ALL = "all"
# openSMILE's sets: the small one that the field trusts, and the wide one, for what had many static features.
EGEMAPS, COMPARE = "eGeMAPSv02", "ComParE_2016"
# Frames that the attentive CNN's kernels span.
_KERNEL_FRAMES = 10


def _pretrained(name: str, title: str) -> Baseline:
    remark = "on the FOP model's frames, network and fine-tuning, without the causal mask"
    return Baseline(title=title, job=f"finetune-{name}", pretraining={"task": name}, remark=remark)


def _functionals(name: str, classifier: str, *, code: str = "none", title: str, **more: Any) -> Baseline:
    job = "-".join(["classify", name, *([code] if code != "none" else []), classifier])
    is_random = classifier == "rf" or code != "none"
    return Baseline(
        title=title, job=job, functionals=name, classifier=classifier, code=code, is_random=is_random, **more
    )


_FOREIGN = "the paper copied this figure: functionals of utterances and an SVM, as in this row"
BASELINES: Mapping[str, Baseline] = MappingProxyType(
    {
        "attentive_cnn": Baseline(
            title="Attentive CNN, in the style of Neumann and Vu 2017",
            job="finetune-attentive_cnn",
            model={"backbone": "attentive_cnn", "layers": 1},
            finetuning={"pooling": "attentive", "attention": "full", "dimensional_loss_weight": 0.5},
            published=63.85,
            remark="the paper copied this figure, which may be of improvised speech alone",
        ),
        "siamese": Baseline(
            title="Siamese network with contrastive loss, in the style of Lian et al. 2018",
            job="finetune-siamese",
            finetuning={"contrastive_weight": 0.5},
            published=62.20,
            remark="the FOP network without pretraining: the loss alone differs",
        ),
        "attention_lstm": Baseline(
            title="Attention LSTM, in the style of Huang and Narayanan 2016",
            job="finetune-attention_lstm",
            model={"backbone": "lstm"},
            finetuning={"pooling": "attentive", "attention": "causal"},
        ),
        "autoencoder": _pretrained("autoencoder", "Autoencoder"),
        "denoising": _pretrained("denoising", "Denoising autoencoder"),
        "variational": _pretrained("variational", "Variational autoencoder"),
        "ladder": _pretrained("ladder", "Ladder network, semi-supervised"),
        "functionals_denoising": _functionals(
            COMPARE,
            "svm",
            code="denoising",
            title="Denoising autoencoder on ComParE functionals, SVM on its code",
            published=56.40,
            remark=_FOREIGN,
        ),
        "functionals_ladder": _functionals(
            COMPARE,
            "svm",
            code="ladder",
            title="Ladder network on ComParE functionals, SVM on its code, in the style of Huang et al. 2018",
            published=59.10,
            remark=_FOREIGN,
        ),
        "egemaps_svm": _functionals(EGEMAPS, "svm", title="eGeMAPS functionals, SVM"),
        "egemaps_rf": _functionals(EGEMAPS, "rf", title="eGeMAPS functionals, random forest"),
        "compare_svm": _functionals(COMPARE, "svm", title="ComParE functionals, SVM"),
        "compare_rf": _functionals(COMPARE, "rf", title="ComParE functionals, random forest"),
    }
)


# The FOP model, with what those have that learned weights over time: asked for by name, the paper has none of them.
VARIANTS: Mapping[str, Baseline] = MappingProxyType(
    {
        "attention_transformer": Baseline(
            title="The FOP network with learned weights over time, without pretraining",
            job="finetune-attention_transformer",
            finetuning={"pooling": "attentive"},
        ),
        "fop_attention_transformer": Baseline(
            title="FOP + Fine-tuning with learned weights over time",
            job="finetune-fop_attention_transformer",
            starts_from_fop=True,
            finetuning={"pooling": "attentive"},
            control="finetune-attention_transformer",
        ),
        "fop_attention_lstm": Baseline(
            title="FOP + Fine-tuning of the attention LSTM",
            job="finetune-fop_attention_lstm",
            pretraining={},
            model=BASELINES["attention_lstm"].model,
            finetuning=BASELINES["attention_lstm"].finetuning,
            control=BASELINES["attention_lstm"].job,
        ),
    }
)
SYSTEMS: Mapping[str, Baseline] = MappingProxyType({**BASELINES, **VARIANTS})


def chosen_baselines(names: tuple[str, ...]) -> dict[str, Baseline]:
    """Return the systems of these names, in the order of Table 3; `all` is every one that the paper compares with.

    Raises:
        InputError: If there is none of a name.
    """
    known = (ALL, *SYSTEMS)
    for name in names:
        if name not in known:
            raise InputError(
                f"--systems expected {ALL} or some of {', '.join(SYSTEMS)}, received {name!r}.{closest(name, known)}"
            )
    return {name: one for name, one in SYSTEMS.items() if name in names or (ALL in names and name in BASELINES)}


def functional_sets(baselines: Mapping[str, Baseline]) -> tuple[str, ...]:
    """Return the sets of functionals that these systems read."""
    return tuple(dict.fromkeys(baseline.functionals for baseline in baselines.values() if baseline.functionals))


def finetuning_changes(baseline: Baseline, backbone: str) -> dict[str, Any]:
    """Return where its training with labels differs; what was pretrained without the causal mask is fine-tuned without it."""
    without_mask = bool(baseline.pretraining) and backbone == "transformer"
    return {**baseline.finetuning, **({"attention": "full"} if without_mask else {})}


def model_changes(baseline: Baseline, stacked_frames: int) -> dict[str, Any]:
    """Return where its network differs from one whose steps have so many frames."""
    changes = dict(baseline.model)
    if changes.get("backbone") == "attentive_cnn":
        changes["kernel"] = -(-_KERNEL_FRAMES // stacked_frames)
    if changes:
        changes |= {"residual_width": "model", "layer_norm": "post"}
    return changes
