import dataclasses
from pathlib import Path

import pytest

from ser_fop.config.settings import FinetuningSettings
from ser_fop.experiments.claims import claims_of
from ser_fop.experiments.jobs import Sizes, projected_s
from ser_fop.experiments.repeat import training_jobs
from ser_fop.experiments.reproduce_config import RepeatLimits, ReproduceConfig

SIZES = Sizes(labelled_frames=1000, unlabelled_frames=2000, folds=5)
CONFIG = ReproduceConfig(out=Path("out"), corpus="ravdess", audio_dir=Path("a"), unlabelled="librispeech=b", repeats=3)


def jobs(**changes):
    repeats = training_jobs(dataclasses.replace(CONFIG, **changes), SIZES)
    return [job for repeat in repeats for job in repeat]


def seeds_of(found, start):
    return {job.name.split("/")[1] for job in found if job.name.split("/")[2].startswith(start)}


def test_jobs_follow_the_jobs_they_need():
    names = [job.name for job in jobs()]
    assert len(set(names)) == len(names)
    for index, job in enumerate(jobs()):
        for needed in (getattr(job.config, "pretrained", None), *getattr(job.config, "hypercolumns", ())):
            if needed:
                assert str(needed.relative_to("out")) in names[:index]


def test_jobs_of_claims_use_all_folds():
    by_name = {job.name: job for job in jobs()}
    for claim in claims_of(["h1", "h_concat"]):
        for name in (claim.first, claim.second):
            assert by_name[f"runs/seed-0/{name}"].config.fold == "all"


def test_in_corpus_pretraining_excludes_test_speakers_by_fold():
    for job in jobs():
        if job.stage == "pretrain" and "unlabelled" not in job.name:
            assert job.config.fold == "all"
    assert all(job.config.fold in ("0", "") for job in jobs(cross_validation=False) if job.stage == "pretrain")


def test_deterministic_job_has_one_repeat():
    assert seeds_of(jobs(), "classify-untrained-F-svm") == {"seed-0"}
    assert seeds_of(jobs(), "classify-untrained-F-rf") == {"seed-0", "seed-1", "seed-2"}


def test_repeat_limits_reduce_repeats_of_expensive_jobs():
    found = jobs(repeats_of=RepeatLimits(finetuning=2, forest=2, a_lstm=1, in_corpus=1))
    assert seeds_of(found, "finetune-none") == {"seed-0", "seed-1"}
    assert seeds_of(found, "finetune-in_corpus") == {"seed-0"}
    assert seeds_of(found, "classify-unlabelled-h1-rf") == {"seed-0", "seed-1"}
    assert seeds_of(found, "classify-unlabelled-h1-a_lstm") == {"seed-0"}
    assert seeds_of(found, "classify-unlabelled-h1-svm") == {"seed-0", "seed-1", "seed-2"}
    assert seeds_of(found, "pretrain-in_corpus") == {"seed-0"}
    assert seeds_of(found, "pretrain-unlabelled") == {"seed-0", "seed-1", "seed-2"}


def test_repeat_limits_of_zero_exclude_jobs():
    found = jobs(repeats_of=RepeatLimits(finetuning=0, forest=0, a_lstm=0, in_corpus=0))
    stages = {name: seeds_of(found, name) for name in ("finetune", "pretrain-in_corpus", "classify-in_corpus")}
    assert not any(stages.values()), stages
    assert not [job for job in found if job.name.endswith(("rf", "a_lstm"))]
    assert seeds_of(found, "classify-unlabelled-h_concat-svm") == {"seed-0", "seed-1", "seed-2"}


@pytest.mark.parametrize(("feature", "fold"), [("h_concat", "all"), ("F", "all"), ("h1", "0")])
def test_lstm_uses_all_folds_only_for_declared_features(feature, fold):
    (job,) = (job for job in jobs(repeats=1) if job.name.endswith(f"untrained-{feature}-a_lstm"))
    assert job.config.fold == fold


def test_projection_grows_with_number_of_repeats():
    rates = {"transformer": 1e4, "lstm": 1e4}
    assert projected_s(jobs(), rates) == pytest.approx(3 * projected_s(jobs(repeats=1), rates), rel=0.02)


def test_network_from_scratch_learns_at_one_rate():
    settings = FinetuningSettings(strategy="gradual", layer_rate_decay=2.6)
    by_name = {job.name.split("/")[2]: job.config for job in jobs(finetuning=settings) if job.stage == "finetune"}
    assert by_name["finetune-unlabelled"].training == settings
    assert by_name["finetune-none"].training == FinetuningSettings()


def test_lstm_features_limit_the_lstm_only():
    found = {job.name.split("/")[2] for job in jobs(lstm_features=("F", "h_concat"))}
    assert "classify-unlabelled-h_concat-a_lstm" in found
    assert "classify-unlabelled-h1-a_lstm" not in found
    assert {"classify-unlabelled-h1-svm", "classify-unlabelled-h1-rf"} <= found
    assert "classify-unlabelled-h1-a_lstm" in {job.name.split("/")[2] for job in jobs()}
