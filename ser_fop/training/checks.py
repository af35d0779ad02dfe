"""Checks of the configs of `pretrain` and `finetune`, before any work starts."""

from ser_fop.config.settings import NO_FOLD
from ser_fop.config.stages import FinetuneConfig, PretrainConfig
from ser_fop.errors import InputError
from ser_fop.models.backbone import check_model
from ser_fop.training.distribute.worker_shard import check_reading
from ser_fop.training.objectives.registry import needs_classes
from ser_fop.training.optimizers.factory import check_pretraining


def check_pretraining_config(config: PretrainConfig) -> None:
    """Check the config of `pretrain`.

    Args:
        config: Config of the stage.

    Raises:
        InputError: If a setting is invalid, or if settings contradict each other.
    """
    check_model(config.model)
    check_pretraining(config.training, config.model)
    check_reading(config)
    if not config.records:
        raise InputError("--records expected at least one records folder, received none.")
    if needs_classes(config.training) and config.strategy != "none":
        raise InputError(
            f"task `{config.training.task}` expected --strategy none, received {config.strategy}: its loss needs the"
            " labels of the whole batch on one device. Drop --strategy."
        )


def check_finetuning_config(config: FinetuneConfig) -> None:
    """Check the config of `finetune`.

    Args:
        config: Config of the stage.

    Raises:
        InputError: If a setting is invalid, or if settings contradict each other.
    """
    check_model(config.model)
    settings = config.training
    joined = len(config.records) > 1 or config.label_map is not None
    if joined and (settings.contrastive_weight or settings.dimensional_loss_weight):
        raise InputError(
            "several corpora expected contrastive_weight and dimensional_loss_weight of 0: their classes and ratings"
            f" differ. Received {settings.contrastive_weight:g} and {settings.dimensional_loss_weight:g}."
        )
    if settings.class_weights == "corpus_balanced" and not joined:
        raise InputError(
            "class_weights `corpus_balanced` expected several --records or a --label-map, received one corpus. Use"
            " `balanced`."
        )
    if config.training.train_on_validation and config.select_on == "test":
        raise InputError(
            "--select-on test uses the test speakers for validation, and --train-on-validation would train on them."
            " Drop one of the two options."
        )
    if config.fold == NO_FOLD and (not config.training.train_on_validation or config.test_records or config.folds):
        raise InputError(
            "--fold none has no validation and no test speakers: add --train-on-validation, and drop --folds and"
            " --test-records."
        )
