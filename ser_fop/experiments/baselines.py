"""The systems that the paper compares with, on the same records, folds, seeds and numbers of epochs."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ser_fop.errors import InputError, closest
from ser_fop.experiments.baseline import Baseline

ALL = "all"
# openSMILE's feature sets: the small standard set, and the large one for systems with many static features.
EGEMAPS, COMPARE = "eGeMAPSv02", "ComParE_2016"
# Width of the attentive CNN's kernels, in frames.
_KERNEL_FRAMES = 10


def _pretrained(name: str, title: str) -> Baseline:
    remark = "same frames, network and fine-tuning as the FOP model, without the causal mask"
    return Baseline(title=title, job=f"finetune-{name}", pretraining={"task": name}, remark=remark)


def _functionals(name: str, classifier: str, *, code: str = "none", title: str, **kwargs: Any) -> Baseline:
    job = "-".join(["classify", name, *([code] if code != "none" else []), classifier])
    is_random = classifier == "rf" or code != "none"
    return Baseline(
        title=title, job=job, functionals=name, classifier=classifier, code=code, is_random=is_random, **kwargs
    )


_COPIED = "the paper took this figure from another publication, which also used utterance functionals and an SVM"
BASELINES: Mapping[str, Baseline] = MappingProxyType(
    {
        "attentive_cnn": Baseline(
            title="Attentive CNN, in the style of Neumann and Vu 2017",
            job="finetune-attentive_cnn",
            model={"backbone": "attentive_cnn", "layers": 1},
            finetuning={"pooling": "attentive", "attention": "full", "dimensional_loss_weight": 0.5},
            published=63.85,
            remark="the paper took this figure from another publication; it may cover improvised speech only",
        ),
        "siamese": Baseline(
            title="Siamese network with contrastive loss, in the style of Lian et al. 2018",
            job="finetune-siamese",
            finetuning={"contrastive_weight": 0.5},
            published=62.20,
            remark="the FOP network without pretraining; only the loss differs",
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
            remark=_COPIED,
        ),
        "functionals_ladder": _functionals(
            COMPARE,
            "svm",
            code="ladder",
            title="Ladder network on ComParE functionals, SVM on its code, in the style of Huang et al. 2018",
            published=59.10,
            remark=_COPIED,
        ),
        "egemaps_svm": _functionals(EGEMAPS, "svm", title="eGeMAPS functionals, SVM"),
        "egemaps_rf": _functionals(EGEMAPS, "rf", title="eGeMAPS functionals, random forest"),
        "compare_svm": _functionals(COMPARE, "svm", title="ComParE functionals, SVM"),
        "compare_rf": _functionals(COMPARE, "rf", title="ComParE functionals, random forest"),
    }
)


# Variants of the FOP model with attentive pooling. The paper has none of them: `all` does not include them.
VARIANTS: Mapping[str, Baseline] = MappingProxyType(
    {
        "attention_transformer": Baseline(
            title="The FOP network with attentive pooling, without pretraining",
            job="finetune-attention_transformer",
            finetuning={"pooling": "attentive"},
        ),
        "fop_attention_transformer": Baseline(
            title="FOP + Fine-tuning with attentive pooling",
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
    """Return the systems with the given names, in the order of Table 3.

    Args:
        names: Names in `SYSTEMS`; `all` stands for every system that the paper compares with.

    Raises:
        InputError: If a name is unknown.
    """
    known = (ALL, *SYSTEMS)
    for name in names:
        if name not in known:
            raise InputError(
                f"--systems expected {ALL} or some of {', '.join(SYSTEMS)}, received {name!r}.{closest(name, known)}"
            )
    return {name: one for name, one in SYSTEMS.items() if name in names or (ALL in names and name in BASELINES)}


def functional_sets(baselines: Mapping[str, Baseline]) -> tuple[str, ...]:
    """Return the sets of functionals that the given systems need."""
    return tuple(dict.fromkeys(baseline.functionals for baseline in baselines.values() if baseline.functionals))


def finetuning_changes(baseline: Baseline, backbone: str) -> dict[str, Any]:
    """Return the fine-tuning settings of a system that differ from the FOP model's.

    A transformer that was pretrained without the causal mask is fine-tuned without it.

    Args:
        baseline: The system.
        backbone: Backbone of its network.
    """
    without_mask = bool(baseline.pretraining) and backbone == "transformer"
    return {**baseline.finetuning, **({"attention": "full"} if without_mask else {})}


def model_changes(baseline: Baseline, stacked_frames: int) -> dict[str, Any]:
    """Return the model settings of a system that differ from the FOP model's.

    Args:
        baseline: The system.
        stacked_frames: Frames in one step of the network.
    """
    changes = dict(baseline.model)
    if changes.get("backbone") == "attentive_cnn":
        changes["kernel"] = -(-_KERNEL_FRAMES // stacked_frames)
    if changes:
        changes |= {"residual_width": "model", "layer_norm": "post"}
    return changes
