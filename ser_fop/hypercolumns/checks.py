"""Checks of the config of `classify`, before any work starts."""

from ser_fop.config.stages import ClassifyConfig
from ser_fop.errors import InputError

# Classifiers that read frames, not pooled features.
ON_FRAMES = ("a_lstm", "attention")


def check_classify_config(config: ClassifyConfig) -> None:
    """Check the config of `classify`.

    Args:
        config: Config of the stage.

    Raises:
        InputError: If a setting is invalid, or if settings contradict each other.
    """
    if not config.hypercolumns:
        raise InputError("--hypercolumns expected at least one folder, received none.")
    if config.code != "none" and config.classifier in ON_FRAMES:
        raise InputError(
            f"--code {config.code} expected a classifier of pooled features, such as svm; received --classifier"
            f" {config.classifier}, which reads frames. Choose another --classifier, or drop --code."
        )
    _check_corpora(config)
    if config.settings.refit_on_validation and config.select_on == "test":
        raise InputError(
            "--select-on test replaces the validation speakers by the test speakers, and --refit-on-validation would"
            " train on them. Drop one of the two options."
        )


def _check_corpora(config: ClassifyConfig) -> None:
    """Check the settings that depend on whether corpora have common names of emotions."""
    received = f"{len(config.hypercolumns)} folders" if len(config.hypercolumns) > 1 else "a label map"
    if config.joins_corpora and (config.classifier in ON_FRAMES or config.code != "none"):
        option = f"--code {config.code}" if config.code != "none" else f"--classifier {config.classifier}"
        raise InputError(
            f"{option} expected one --hypercolumns folder without --label-map, received {received}. Train on one"
            " corpus with its own labels, or choose --classifier svm, rf or logistic without --code."
        )
    if config.settings.class_weights == "corpus_balanced" and not config.joins_corpora:
        raise InputError(
            "class_weights `corpus_balanced` expected several --hypercolumns or a --label-map, received one corpus. Add"
            " one of them, or use `none`."
        )
