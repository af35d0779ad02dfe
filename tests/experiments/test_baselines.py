import dataclasses
from pathlib import Path

import pytest

from ser_fop.config.augmentation_settings import AugmentationSettings
from ser_fop.config.settings import (
    FeatureConfig,
    FinetuningSettings,
    ModelConfig,
    PretrainingSettings,
)
from ser_fop.errors import InputError
from ser_fop.experiments.baselines import BASELINES, VARIANTS, chosen_baselines, finetuning_changes, functional_sets
from ser_fop.experiments.checks import check_jobs
from ser_fop.experiments.jobs import Sizes, preparation_jobs
from ser_fop.experiments.repeat import training_jobs
from ser_fop.experiments.reproduce_config import RepeatLimits, ReproduceConfig

SIZES = Sizes(labelled_frames=1000, unlabelled_frames=2000, folds=5)
CONFIG = ReproduceConfig(
    out=Path("out"),
    corpus="ravdess",
    audio_dir=Path("a"),
    systems=("all",),
    repeats=2,
    model=ModelConfig(stacked_frames=4),
    pretraining=PretrainingSettings(horizons=(4,)),
    finetuning=FinetuningSettings(attention="full", pooling="mean_std", epochs=7),
)


def jobs_by_name(**changes):
    repeats = training_jobs(dataclasses.replace(CONFIG, **changes), SIZES)
    return {job.name.removeprefix("runs/"): job for repeat in repeats for job in repeat}


def test_systems_use_all_folds_and_random_ones_all_repeats():
    jobs = jobs_by_name()
    for baseline in BASELINES.values():
        found = [seed for seed in ("seed-0", "seed-1") if f"{seed}/{baseline.job}" in jobs]
        assert found == (["seed-0", "seed-1"] if baseline.is_random else ["seed-0"])
        assert all(jobs[f"{seed}/{baseline.job}"].config.fold == "all" for seed in found)


def test_systems_have_equal_budgets():
    """Epochs, augmentation, batches and rates are equal; only the settings that define a system differ."""
    jobs = jobs_by_name()
    ours = jobs["seed-0/finetune-in_corpus"].config.training
    allowed = {"pooling", "attention", "contrastive_weight", "dimensional_loss_weight"}
    for name, baseline in BASELINES.items():
        if baseline.functionals:
            continue
        theirs = jobs[f"seed-0/{baseline.job}"].config.training
        differing = {
            field.name for field in dataclasses.fields(ours) if getattr(ours, field.name) != getattr(theirs, field.name)
        }
        assert differing <= allowed & set(finetuning_changes(baseline, "transformer")), name
        if baseline.pretraining:
            fop, other = (jobs[f"seed-0/pretrain-{one}"].config for one in ("in_corpus", name))
            assert dataclasses.replace(other.training, task="prediction") == fop.training
            assert (other.model, other.records, other.fold) == (fop.model, fop.records, fop.fold)


def test_settings_of_all_systems_are_valid():
    check_jobs(training_jobs(CONFIG, SIZES)[0], CONFIG.features)
    before = dataclasses.replace(CONFIG, model=ModelConfig(stacked_frames=4, layer_norm="pre", residual_width="input"))
    check_jobs(training_jobs(before, SIZES)[0], before.features)
    assert jobs_by_name()["seed-0/finetune-attentive_cnn"].config.model.kernel == 3


def test_pretraining_without_mask_is_finetuned_without_mask():
    jobs = jobs_by_name(finetuning=FinetuningSettings())
    assert jobs["seed-0/finetune-none"].config.training.attention == "causal"
    for name, baseline in BASELINES.items():
        if baseline.pretraining is not None:
            assert jobs[f"seed-0/finetune-{name}"].config.training.attention == "full"
            assert "attention" not in finetuning_changes(baseline, "lstm")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"pretraining": PretrainingSettings(loss="gaussian", horizons=(4,))},
            "pretrain-autoencoder: training.loss of an autoencoder",
        ),
        ({"finetuning": FinetuningSettings(dimensional_loss_weight=0.5)}, "finetune-siamese: dimensional_loss_weight"),
        (
            {"pretraining": PretrainingSettings(horizons=(4,), noise=0.0, mask_ratio=0.0)},
            r"pretrain-denoising: training\.mask_ratio",
        ),
        (
            {"features": FeatureConfig(front_end="mfcc", coefficients=16)},
            "pretrain-autoencoder: training.code of an autoencoder",
        ),
    ],
)
def test_check_jobs_names_the_job_with_invalid_settings(changes, message):
    config = dataclasses.replace(CONFIG, **changes)
    with pytest.raises(InputError, match=message):
        check_jobs(training_jobs(config, SIZES)[0], config.features)
    check_jobs(training_jobs(dataclasses.replace(config, systems=()), SIZES)[0], config.features)


def test_check_jobs_rejects_log_mel_augmentation_of_mfcc():
    augmented = FinetuningSettings(augmentation=AugmentationSettings(speed=0.1))
    config = dataclasses.replace(
        CONFIG, finetuning=augmented, features=FeatureConfig(front_end="mfcc", coefficients=20)
    )
    jobs = training_jobs(config, SIZES)[0]
    with pytest.raises(InputError, match=r"finetune-none: augmentation\.speed expected 0 for front end mfcc"):
        check_jobs(jobs, config.features)
    check_jobs(jobs, FeatureConfig())


def test_variants_differ_from_fop_model_in_one_aspect():
    jobs = jobs_by_name(systems=tuple(VARIANTS))
    ours = jobs["seed-0/finetune-in_corpus"].config
    scratch, attentive, lstm = (jobs[f"seed-0/{baseline.job}"].config for baseline in VARIANTS.values())
    assert attentive == dataclasses.replace(
        ours, out=attentive.out, training=dataclasses.replace(ours.training, pooling="attentive")
    )
    assert scratch == dataclasses.replace(attentive, out=scratch.out, pretrained=None)
    pretraining = jobs["seed-0/pretrain-fop_attention_lstm"].config
    assert pretraining.training == jobs["seed-0/pretrain-in_corpus"].config.training
    assert lstm.pretrained == pretraining.out
    (baseline,) = (
        job.config for name, job in jobs_by_name(systems=("attention_lstm",)).items() if "0/finetune-att" in name
    )
    assert lstm == dataclasses.replace(baseline, out=lstm.out, pretrained=lstm.pretrained)
    assert pretraining.model == baseline.model
    check_jobs(training_jobs(dataclasses.replace(CONFIG, systems=tuple(VARIANTS)), SIZES)[0], CONFIG.features)


def test_variants_need_their_name_and_their_start_network():
    assert not set(chosen_baselines(("all",))) & set(VARIANTS)
    assert set(chosen_baselines(("all", *VARIANTS))) == {*BASELINES, *VARIANTS}
    found = jobs_by_name(systems=tuple(VARIANTS), repeats_of=RepeatLimits(in_corpus=1))
    assert "seed-0/finetune-fop_attention_transformer" in found
    assert "seed-1/finetune-fop_attention_transformer" not in found
    assert {"seed-1/finetune-attention_transformer", "seed-1/finetune-fop_attention_lstm"} <= set(found)


def test_functionals_are_computed_once_before_training():
    *_, last = preparation_jobs(CONFIG)
    assert (last.stage, last.config.sets) == ("functionals", ("ComParE_2016", "eGeMAPSv02"))
    few = dataclasses.replace(CONFIG, systems=("siamese",))
    assert {job.stage for job in preparation_jobs(few)} == {"prepare"}
    used = {job.config.hypercolumns for name, job in jobs_by_name().items() if "eGeMAPS" in name or "ComParE" in name}
    assert used == {(last.config.out,)}


def test_systems_can_be_selected_and_limited_in_repeats():
    assert list(chosen_baselines(("ladder", "siamese"))) == ["siamese", "ladder"]
    assert chosen_baselines(()) == {}
    assert functional_sets(chosen_baselines(("egemaps_rf",))) == ("eGeMAPSv02",)
    found = jobs_by_name(systems=("ladder",), repeats_of=RepeatLimits(systems=1))
    assert "seed-0/finetune-ladder" in found
    assert "seed-1/finetune-ladder" not in found
    assert "seed-1/finetune-none" in found
    assert not any("siamese" in name for name in found)


def test_unknown_system_is_rejected():
    with pytest.raises(InputError, match=r"received 'lader'\. Did you mean 'ladder'"):
        chosen_baselines(("lader",))


def test_check_jobs_checks_the_strategy_of_pretrained_networks_only():
    layers = FinetuningSettings(strategy="last_layers", last_layers=2)  # the attentive CNN has one layer
    check_jobs(training_jobs(dataclasses.replace(CONFIG, finetuning=layers), SIZES)[0], CONFIG.features)
    many = dataclasses.replace(CONFIG, finetuning=dataclasses.replace(layers, last_layers=9))
    with pytest.raises(InputError, match="last_layers expected 1 to"):
        check_jobs(training_jobs(many, SIZES)[0], many.features)
