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
from ser_fop.experiments.baselines import RIVALS, VARIANTS, chosen_rivals, finetuning_changes, functional_sets
from ser_fop.experiments.checks import check_cells
from ser_fop.experiments.jobs import Sizes, preparation_cells
from ser_fop.experiments.repeat import training_cells
from ser_fop.experiments.reproduce_config import RepeatLimits, ReproduceConfig

SIZES = Sizes(labelled_frames=1000, unlabelled_frames=2000, folds=5)
CONFIG = ReproduceConfig(
    out=Path("out"),
    corpus="ravdess",
    audio_dir=Path("a"),
    systems=("all",),
    repeats=2,
    model=ModelConfig(stacked_frames=4),
    pretraining=PretrainingSettings(ahead=(4,)),
    finetuning=FinetuningSettings(attention="full", pooling="mean_std", epochs=7),
)


def cells_of(**changes):
    repeats = training_cells(dataclasses.replace(CONFIG, **changes), SIZES)
    return {cell.name.removeprefix("runs/"): cell for repeat in repeats for cell in repeat}


def test_every_system_is_run_over_all_folds_in_every_repeat_in_which_something_is_random():
    cells = cells_of()
    for rival in RIVALS.values():
        found = [seed for seed in ("seed-0", "seed-1") if f"{seed}/{rival.cell}" in cells]
        assert found == (["seed-0", "seed-1"] if rival.is_random else ["seed-0"])
        assert all(cells[f"{seed}/{rival.cell}"].config.fold == "all" for seed in found)


def test_budgets_are_equal():
    """As many epochs, the same augmentation, batches and rates; what differs is what makes the system."""
    cells = cells_of()
    ours = cells["seed-0/finetune-in_corpus"].config.training
    allowed = {"pooling", "attention", "contrastive_weight", "view_weight"}
    for name, rival in RIVALS.items():
        if rival.functionals:
            continue
        theirs = cells[f"seed-0/{rival.cell}"].config.training
        differing = {
            field.name for field in dataclasses.fields(ours) if getattr(ours, field.name) != getattr(theirs, field.name)
        }
        assert differing <= allowed & set(finetuning_changes(rival, "transformer")), name
        if rival.pretraining:
            fop, other = (cells[f"seed-0/pretrain-{one}"].config for one in ("in_corpus", name))
            assert dataclasses.replace(other.training, task="prediction") == fop.training
            assert (other.model, other.records, other.fold) == (fop.model, fop.records, fop.fold)


def test_what_is_made_of_each_can_be_built():
    check_cells(training_cells(CONFIG, SIZES)[0], CONFIG.features)
    before = dataclasses.replace(CONFIG, model=ModelConfig(stacked_frames=4, layer_norm="pre", reading="narrow"))
    check_cells(training_cells(before, SIZES)[0], before.features)
    assert cells_of()["seed-0/finetune-attentive_cnn"].config.model.kernel == 3


def test_what_saw_everything_in_pretraining_does_so_in_finetuning():
    cells = cells_of(finetuning=FinetuningSettings())
    assert cells["seed-0/finetune-none"].config.training.attention == "causal"
    for name, rival in RIVALS.items():
        if rival.pretraining is not None:
            assert cells[f"seed-0/finetune-{name}"].config.training.attention == "full"
            assert "attention" not in finetuning_changes(rival, "lstm")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"pretraining": PretrainingSettings(loss="gaussian", ahead=(4,))},
            "pretrain-autoencoder: training.loss of an autoencoder",
        ),
        (
            {"finetuning": FinetuningSettings(strategy="last_layers", last_layers=2)},
            "finetune-attentive_cnn: last_layers expected 1 to 1",
        ),
        ({"finetuning": FinetuningSettings(view_weight=0.5)}, "finetune-siamese: view_weight"),
        (
            {"pretraining": PretrainingSettings(ahead=(4,), noise=0.0, gap_share=0.0)},
            "pretrain-denoising: training: gap_share",
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
        check_cells(training_cells(config, SIZES)[0], config.features)
    check_cells(training_cells(dataclasses.replace(config, systems=()), SIZES)[0], config.features)


def test_what_varies_log_mels_alone_is_refused_before_anything_is_trained():
    varied = FinetuningSettings(augmentation=AugmentationSettings(speed=0.1))
    config = dataclasses.replace(CONFIG, finetuning=varied, features=FeatureConfig(front_end="mfcc", coefficients=20))
    cells = training_cells(config, SIZES)[0]
    with pytest.raises(InputError, match="finetune-none: level_db and speed vary log-mels"):
        check_cells(cells, config.features)
    check_cells(cells, FeatureConfig())


def test_variants_differ_from_the_fop_model_in_what_they_are_named_after_alone():
    cells = cells_of(systems=tuple(VARIANTS))
    ours = cells["seed-0/finetune-in_corpus"].config
    scratch, attentive, lstm = (cells[f"seed-0/{rival.cell}"].config for rival in VARIANTS.values())
    assert attentive == dataclasses.replace(
        ours, out=attentive.out, training=dataclasses.replace(ours.training, pooling="attentive")
    )
    assert scratch == dataclasses.replace(attentive, out=scratch.out, pretrained=None)
    pretraining = cells["seed-0/pretrain-fop_attention_lstm"].config
    assert pretraining.training == cells["seed-0/pretrain-in_corpus"].config.training
    assert lstm.pretrained == pretraining.out
    (twin,) = (cell.config for name, cell in cells_of(systems=("attention_lstm",)).items() if "0/finetune-att" in name)
    assert lstm == dataclasses.replace(twin, out=lstm.out, pretrained=lstm.pretrained)
    assert pretraining.model == twin.model
    check_cells(training_cells(dataclasses.replace(CONFIG, systems=tuple(VARIANTS)), SIZES)[0], CONFIG.features)


def test_variants_are_asked_for_by_name_and_need_what_they_start_from():
    assert not set(chosen_rivals(("all",))) & set(VARIANTS)
    assert set(chosen_rivals(("all", *VARIANTS))) == {*RIVALS, *VARIANTS}
    found = cells_of(systems=tuple(VARIANTS), repeats_of=RepeatLimits(in_corpus=1))
    assert "seed-0/finetune-fop_attention_transformer" in found
    assert "seed-1/finetune-fop_attention_transformer" not in found
    assert {"seed-1/finetune-attention_transformer", "seed-1/finetune-fop_attention_lstm"} <= set(found)


def test_functionals_are_computed_once_before_all():
    *_, last = preparation_cells(CONFIG)
    assert (last.stage, last.config.sets) == ("functionals", ("ComParE_2016", "eGeMAPSv02"))
    few = dataclasses.replace(CONFIG, systems=("siamese",))
    assert {cell.stage for cell in preparation_cells(few)} == {"prepare"}
    used = {cell.config.hypercolumns for name, cell in cells_of().items() if "eGeMAPS" in name or "ComParE" in name}
    assert used == {last.config.out}


def test_some_systems_and_fewer_repeats():
    assert list(chosen_rivals(("ladder", "siamese"))) == ["siamese", "ladder"]
    assert chosen_rivals(()) == {}
    assert functional_sets(chosen_rivals(("egemaps_rf",))) == ("eGeMAPSv02",)
    found = cells_of(systems=("ladder",), repeats_of=RepeatLimits(systems=1))
    assert "seed-0/finetune-ladder" in found
    assert "seed-1/finetune-ladder" not in found
    assert "seed-1/finetune-none" in found
    assert not any("siamese" in name for name in found)


def test_an_unknown_system_is_refused():
    with pytest.raises(InputError, match=r"received 'lader'\. Did you mean 'ladder'"):
        chosen_rivals(("lader",))
