"""The systems that the paper compares with, run on the same records, folds, seeds and budgets."""

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ser_fop.errors import InputError, closest

ALL = "all"
# openSMILE's sets: the small one that the field trusts, and the wide one, for what had many static features.
EGEMAPS, COMPARE = "eGeMAPSv02", "ComParE_2016"
# Frames that the attentive CNN's kernels span.
_KERNEL_FRAMES = 10


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rival:
    """One system.

    Attributes:
        title: Its name in Table 3.
        cell: Folder of the cell that is tested, below `seed-S`.
        pretraining: Where its pretraining differs from the FOP model's; None if it has none.
        model: Where its network does.
        finetuning: Where its training with labels does.
        functionals: The set of functionals that it reads instead of frames.
        classifier: What reads them.
        code: The code of them that it reads.
        is_random: Whether another seed gives another answer.
        published: The paper's figure for it, over folds.
        remark: What must be known of that figure, or of our form of it.
    """

    title: str
    cell: str
    pretraining: Mapping[str, Any] | None = None
    model: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    finetuning: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    functionals: str = ""
    classifier: str = ""
    code: str = "none"
    is_random: bool = True
    published: float | None = None
    remark: str = ""


def _pretrained(name: str, title: str) -> Rival:
    remark = "on the FOP model's frames, network and fine-tuning, without the causal mask"
    return Rival(title=title, cell=f"finetune-{name}", pretraining={"task": name}, remark=remark)


def _functionals(name: str, classifier: str, *, code: str = "none", title: str, **more: Any) -> Rival:
    cell = "-".join(["classify", name, *([code] if code != "none" else []), classifier])
    is_random = classifier == "rf" or code != "none"
    return Rival(
        title=title, cell=cell, functionals=name, classifier=classifier, code=code, is_random=is_random, **more
    )


_FOREIGN = "the paper copied this figure: functionals of utterances and an SVM, as in this row"
RIVALS: Mapping[str, Rival] = MappingProxyType(
    {
        "attentive_cnn": Rival(
            title="Attentive CNN, in the style of Neumann and Vu 2017",
            cell="finetune-attentive_cnn",
            model={"backbone": "attentive_cnn", "layers": 1},
            finetuning={"pooling": "attentive", "attention": "full", "view_weight": 0.5},
            published=63.85,
            remark="the paper copied this figure, which may be of improvised speech alone",
        ),
        "siamese": Rival(
            title="Siamese network with contrastive loss, in the style of Lian et al. 2018",
            cell="finetune-siamese",
            finetuning={"contrastive_weight": 0.5},
            published=62.20,
            remark="the FOP network without pretraining: the loss alone differs",
        ),
        "attention_lstm": Rival(
            title="Attention LSTM, in the style of Huang and Narayanan 2016",
            cell="finetune-attention_lstm",
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


def chosen_rivals(names: tuple[str, ...]) -> dict[str, Rival]:
    """Return the systems of these names, in the order of Table 3; `all` is every one.

    Raises:
        InputError: If there is none of a name.
    """
    for name in names:
        if name != ALL and name not in RIVALS:
            known = (ALL, *RIVALS)
            raise InputError(
                f"--systems expected {ALL} or some of {', '.join(RIVALS)}, received {name!r}.{closest(name, known)}"
            )
    return {name: rival for name, rival in RIVALS.items() if ALL in names or name in names}


def functional_sets(rivals: Mapping[str, Rival]) -> tuple[str, ...]:
    """Return the sets of functionals that these systems read."""
    return tuple(dict.fromkeys(rival.functionals for rival in rivals.values() if rival.functionals))


def finetuning_changes(rival: Rival, backbone: str) -> dict[str, Any]:
    """Return where its training with labels differs; what was pretrained without the causal mask goes on without it."""
    without_mask = rival.pretraining is not None and backbone == "transformer"
    return {**rival.finetuning, **({"attention": "full"} if without_mask else {})}


def model_changes(rival: Rival, stacked_frames: int) -> dict[str, Any]:
    """Return where its network differs from one whose steps have so many frames."""
    changes = dict(rival.model)
    if changes.get("backbone") == "attentive_cnn":
        changes["kernel"] = -(-_KERNEL_FRAMES // stacked_frames)
    if changes:
        changes |= {"reading": "wide", "layer_norm": "post"}
    return changes
