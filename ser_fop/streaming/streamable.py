"""Which networks can be streamed: those whose outputs depend on no later sample."""

from ser_fop.errors import InputError
from ser_fop.models.network_spec import EMOTION_CLASSIFIER, NetworkSpec


def is_streamable(spec: NetworkSpec) -> bool:
    """Return whether no output of a network depends on later samples."""
    try:
        check_streamable(spec)
    except InputError:
        return False
    return True


def check_streamable(spec: NetworkSpec) -> None:
    """Check that no output of a network depends on later samples.

    Args:
        spec: JSON config of the network.

    Raises:
        InputError: If one does.
    """
    features = spec.features
    needs = {
        f"attention {spec.attention!r}": spec.attention != "causal",
        f"features.level {features.level!r}": features.level == "speech",
        f"features.normalised_by {features.normalised_by!r}": features.normalised_by != "none",
        "trimmed silence": spec.kind == EMOTION_CLASSIFIER and spec.trim_below_db > 0,
    }
    for what, holds in needs.items():
        if holds:
            raise InputError(
                f"streaming expected a causal network, received one with {what}, which depends on the whole recording."
                " Use a causal model, such as `emotion-stream`, or train one: `prepare --level running` without"
                " trimming, and `finetune --attention causal`."
            )
    if not features.hop_s <= features.window_s:
        raise InputError(
            f"streaming expected windows that overlap or touch, received features.window_s {features.window_s:g} and"
            f" features.hop_s {features.hop_s:g}."
        )


def check_recogniser(spec: NetworkSpec) -> None:
    """Check that a network recognises emotions of streams.

    Args:
        spec: JSON config of the network.

    Raises:
        InputError: If it has no classes, or an output depends on later samples.
    """
    if spec.kind != EMOTION_CLASSIFIER:
        raise InputError(
            "streaming expected a fine-tuned model with classes, received a pretrained network or a run of"
            " `classify`. Use a run of `ser-fop finetune`."
        )
    check_streamable(spec)
