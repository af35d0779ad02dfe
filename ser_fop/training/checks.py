"""Checks of a stage's config, before any work."""

from ser_fop.config.settings import NO_FOLD
from ser_fop.config.stages import FinetuneConfig, PretrainConfig
from ser_fop.errors import InputError
from ser_fop.models.backbone import check_model
from ser_fop.training.distribute.worker_shard import check_reading
from ser_fop.training.objectives.registry import needs_classes
from ser_fop.training.optimizers.factory import check_pretraining


def check_pretraining_config(config: PretrainConfig) -> None:
    """Raise `InputError` for settings that contradict each other.

    Args:
        config: The config of `pretrain`.
    """
    check_model(config.model)
    check_pretraining(config.training, config.model)
    check_reading(config)
    if not config.records:
        raise InputError("--records expected at least one records folder, received none.")
    if needs_classes(config.training) and config.strategy != "none":
        raise InputError(
            f"task `{config.training.task}` averages over the labels of a batch, on one device: drop --strategy."
        )


def check_finetuning_config(config: FinetuneConfig) -> None:
    """Raise `InputError` for settings that contradict each other.

    Args:
        config: The config of `finetune`.
    """
    check_model(config.model)
    if config.training.train_on_validation and config.select_on == "test":
        raise InputError(
            "--select-on test puts the test speakers in the place of the validation speakers, whom"
            " --train-on-validation trains on. Drop one of the two options."
        )
    if config.fold == NO_FOLD and (not config.training.train_on_validation or config.test_records or config.folds):
        raise InputError(
            "--fold none has no validation and no test speakers: give --train-on-validation with it, and neither"
            " --folds nor --test-records."
        )
