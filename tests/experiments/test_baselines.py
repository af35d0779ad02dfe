import dataclasses
from pathlib import Path

import pytest

from ser_fop.config.settings import (
    AugmentationSettings,
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


def cells_of(**changes):
    repeats = training_jobs(dataclasses.replace(CONFIG, **changes), SIZES)
    return {job.name.removeprefix("runs/"): job for repeat in repeats for job in repeat}


def test_every_system_is_run_over_all_folds_in_every_repeat_in_which_something_is_random():
    jobs = cells_of()
    for baseline in BASELINES.values():
        found = [seed for seed in ("seed-0", "seed-1") if f"{seed}/{baseline.job}" in jobs]
        assert found == (["seed-0", "seed-1"] if baseline.is_random else ["seed-0"])
        assert all(jobs[f"{seed}/{baseline.job}"].config.fold == "all" for seed in found)


def test_budgets_are_equal():
    """As many epochs, the same augmentation, batches and rates; what differs is what makes the system."""
    jobs = cells_of()
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


def test_what_is_made_of_each_can_be_built():
    check_jobs(training_jobs(CONFIG, SIZES)[0], CONFIG.features)
    before = dataclasses.replace(CONFIG, model=ModelConfig(stacked_frames=4, layer_norm="pre", residual_width="input"))
    check_jobs(training_jobs(before, SIZES)[0], before.features)
    assert cells_of()["seed-0/finetune-attentive_cnn"].config.model.kernel == 3


def test_what_saw_everything_in_pretraining_does_so_in_finetuning():
    jobs = cells_of(finetuning=FinetuningSettings())
    assert jobs["seed-0/finetune-none"].config.training.attention == "causal"
    for name, baseline in BASELINES.items():
        if baseline.pretraining is not None:
            assert jobs[f"seed-0/finetune-{name}"].config.training.attention == "full"
            assert "attention" not in finetuning_changes(baseline, "lstm")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"pretraining": PretrainingSettings(loss="gaussian", horizons=(4,))},
            "pretrain-autoencoder: training.loss of an autoencoder",
        ),
        (
            {"finetuning": FinetuningSettings(strategy="last_layers", last_layers=2)},
            "finetune-attentive_cnn: last_layers expected 1 to 1",
        ),
        ({"finetuning": FinetuningSettings(dimensional_loss_weight=0.5)}, "finetune-siamese: dimensional_loss_weight"),
        (
            {"pretraining": PretrainingSettings(horizons=(4,), noise=0.0, mask_ratio=0.0)},
            "pretrain-denoising: training: mask_ratio",
        ),
        (
            {"features": FeatureConfig(front_end="mfcc", coefficients=16)},
            "pretrain-autoencoder: training.code of an autoencoder",
        ),
    ],
)
def test_what_cannot_be_run_is_told_of_the_cell_that_would_fail(changes, said):
    config = dataclasses.replace(CONFIG, **changes)
    with pytest.raises(InputError, match=said):
        check_jobs(training_jobs(config, SIZES)[0], config.features)
    check_jobs(training_jobs(dataclasses.replace(config, systems=()), SIZES)[0], config.features)


def test_what_varies_log_mels_alone_is_refused_before_anything_is_trained():
    varied = FinetuningSettings(augmentation=AugmentationSettings(speed=0.1))
    config = dataclasses.replace(CONFIG, finetuning=varied, features=FeatureConfig(front_end="mfcc", coefficients=20))
    jobs = training_jobs(config, SIZES)[0]
    with pytest.raises(InputError, match="finetune-none: level_db and speed vary log-mels"):
        check_jobs(jobs, config.features)
    check_jobs(jobs, FeatureConfig())


def test_variants_differ_from_the_fop_model_in_what_they_are_named_after_alone():
    jobs = cells_of(systems=tuple(VARIANTS))
    ours = jobs["seed-0/finetune-in_corpus"].config
    scratch, attentive, lstm = (jobs[f"seed-0/{baseline.job}"].config for baseline in VARIANTS.values())
    assert attentive == dataclasses.replace(
        ours, out=attentive.out, training=dataclasses.replace(ours.training, pooling="attentive")
    )
    assert scratch == dataclasses.replace(attentive, out=scratch.out, pretrained=None)
    pretraining = jobs["seed-0/pretrain-fop_attention_lstm"].config
    assert pretraining.training == jobs["seed-0/pretrain-in_corpus"].config.training
    assert lstm.pretrained == pretraining.out
    (twin,) = (job.config for name, job in cells_of(systems=("attention_lstm",)).items() if "0/finetune-att" in name)
    assert lstm == dataclasses.replace(twin, out=lstm.out, pretrained=lstm.pretrained)
    assert pretraining.model == twin.model
    check_jobs(training_jobs(dataclasses.replace(CONFIG, systems=tuple(VARIANTS)), SIZES)[0], CONFIG.features)


def test_variants_are_asked_for_by_name_and_need_what_they_start_from():
    assert not set(chosen_baselines(("all",))) & set(VARIANTS)
    assert set(chosen_baselines(("all", *VARIANTS))) == {*BASELINES, *VARIANTS}
    found = cells_of(systems=tuple(VARIANTS), repeats_of=RepeatLimits(in_corpus=1))
    assert "seed-0/finetune-fop_attention_transformer" in found
    assert "seed-1/finetune-fop_attention_transformer" not in found
    assert {"seed-1/finetune-attention_transformer", "seed-1/finetune-fop_attention_lstm"} <= set(found)


def test_functionals_are_computed_once_before_all():
    *_, last = preparation_jobs(CONFIG)
    assert (last.stage, last.config.sets) == ("functionals", ("ComParE_2016", "eGeMAPSv02"))
    few = dataclasses.replace(CONFIG, systems=("siamese",))
    assert {job.stage for job in preparation_jobs(few)} == {"prepare"}
    used = {job.config.hypercolumns for name, job in cells_of().items() if "eGeMAPS" in name or "ComParE" in name}
    assert used == {last.config.out}


def test_some_systems_and_fewer_repeats():
    assert list(chosen_baselines(("ladder", "siamese"))) == ["siamese", "ladder"]
    assert chosen_baselines(()) == {}
    assert functional_sets(chosen_baselines(("egemaps_rf",))) == ("eGeMAPSv02",)
    found = cells_of(systems=("ladder",), repeats_of=RepeatLimits(systems=1))
    assert "seed-0/finetune-ladder" in found
    assert "seed-1/finetune-ladder" not in found
    assert "seed-1/finetune-none" in found
    assert not any("siamese" in name for name in found)


def test_an_unknown_system_is_refused():
    with pytest.raises(InputError, match=r"received 'lader'\. Did you mean 'ladder'"):
        chosen_baselines(("lader",))
