import dataclasses
from pathlib import Path

from ser_fop.config.settings import FinetuningSettings
from ser_fop.corpora.label_map import published_label_map
from ser_fop.experiments.cross_corpus import cross_name
from ser_fop.experiments.jobs import Sizes, preparation_jobs, projected_s
from ser_fop.experiments.repeat import training_jobs
from ser_fop.experiments.reproduce_config import RepeatLimits, ReproduceConfig
from ser_fop.experiments.schedule import Schedule

CONFIG = ReproduceConfig(
    out=Path("out"),
    corpus="ravdess",
    audio_dir=Path("a"),
    unlabelled="librispeech=b",
    cross_corpus=("emodb=c", "mine=d/list.csv"),
    repeats=2,
    finetuning=FinetuningSettings(strategy="gradual", class_weights="balanced"),
)
CORPORA = ("ravdess", "emodb", "mine")
SIZES = Sizes(
    labelled_frames=100,
    unlabelled_frames=0,
    folds=5,
    frames_of={"ravdess": 100, "emodb": 20, "mine": 3},
    joined_folds=6,
)
FUNCTIONALS = Path("out/functionals/cross")


def jobs(**changes):
    """Return the cross-corpus jobs of all repeats by seed and name."""
    repeats = training_jobs(dataclasses.replace(CONFIG, **changes), SIZES)
    found = [job for repeat in repeats for job in repeat]
    assert len({job.name for job in found}) == len(found)
    return {job.name.removeprefix("runs/"): job for job in found if "/cross-" in job.name}


def test_every_corpus_is_left_out_in_turn():
    found = jobs()
    networks = {cross_name(system, "within") for system in ("scratch", "unlabelled")}
    networks |= {cross_name(system, "zero_shot", one) for system in ("scratch", "unlabelled") for one in CORPORA}
    rivals = {cross_name("egemaps_svm", "within"), *(cross_name("egemaps_svm", "zero_shot", one) for one in CORPORA)}
    assert set(found) == {
        *(f"seed-{seed}/{name}" for seed in (0, 1) for name in networks),
        *(f"seed-0/{name}" for name in rivals),  # deterministic
    }
    one = found["seed-1/cross-unlabelled-zero_shot-emodb"].config
    assert one.records == (Path("out/records/ravdess"), Path("out/records/mine"))
    assert one.test_records == Path("out/records/emodb")
    assert one.pretrained == Path("out/runs/seed-1/pretrain-unlabelled")
    assert (one.fold, one.folds, one.seed, one.label_map) == ("0", None, 1, published_label_map())
    assert one.out == Path("out/runs/seed-1/cross-unlabelled-zero_shot-emodb")
    svm = found["seed-0/cross-egemaps_svm-zero_shot-mine"].config
    assert svm.hypercolumns == (FUNCTIONALS / "ravdess", FUNCTIONALS / "emodb")
    assert svm.test_hypercolumns == FUNCTIONALS / "mine"
    assert (svm.feature, svm.classifier, svm.keep_classifier) == ("eGeMAPSv02", "svm", False)
    assert svm.settings.class_weights == "corpus_balanced"


def test_all_corpora_together_are_tested_over_folds():
    for name in ("scratch", "egemaps_svm"):
        config = jobs()[f"seed-0/cross-{name}-within"].config
        assert config.fold == "all"
        assert len(config.records if name == "scratch" else config.hypercolumns) == 3
        assert jobs(cross_validation=False)[f"seed-0/cross-{name}-within"].config.fold == "0"
    assert jobs()["seed-0/cross-scratch-within"].config.test_records is None


def test_settings_are_those_of_the_experiment_with_weights_by_corpus():
    found = jobs()
    pretrained, scratch = (found[f"seed-0/cross-{name}-within"].config.training for name in ("unlabelled", "scratch"))
    assert (pretrained.strategy, scratch.strategy) == ("gradual", "whole")
    assert pretrained.class_weights == scratch.class_weights == "corpus_balanced"


def test_nothing_runs_without_further_corpora_or_second_corpus():
    assert jobs(cross_corpus=()) == {}
    assert {name.split("-")[2] for name in jobs(unlabelled="")} == {"scratch", "egemaps_svm"}
    assert jobs(repeats_of=RepeatLimits(cross_corpus=0)) == {}
    assert {name.split("/")[0] for name in jobs(repeats_of=RepeatLimits(cross_corpus=1))} == {"seed-0"}


def test_two_corpora_have_common_names_too():
    config = jobs(cross_corpus=("emodb=c",))["seed-0/cross-scratch-zero_shot-ravdess"].config
    assert config.records == (Path("out/records/emodb"),)
    assert config.label_map.exists()


def test_cost_counts_the_corpora_that_a_job_trains_on():
    found, epochs = jobs(), CONFIG.finetuning.epochs
    assert found["seed-0/cross-scratch-zero_shot-ravdess"].cost == {"transformer": 23 * epochs}
    assert found["seed-0/cross-scratch-within"].cost == {"transformer": 123 * epochs * 6}
    assert projected_s(list(found.values()), {"transformer": 1.0}) == 4 * epochs * (123 * 6 + 23 + 103 + 120)


def test_preparation_has_records_and_functionals_of_each_corpus():
    found = {job.name: job.config for job in preparation_jobs(dataclasses.replace(CONFIG, renditions=2))}
    assert list(found) == [
        *(f"records/{name}" for name in ("ravdess", "librispeech", "emodb", "mine")),
        *(f"functionals/cross/{name}" for name in CORPORA),
    ]
    assert {found[f"records/{name}"].renditions for name in (*CORPORA, "librispeech")} == {2}
    mine = found["records/mine"]
    assert (mine.corpus, mine.name, mine.audio_dir, mine.manifest) == ("csv", "mine", Path("d"), Path("d/list.csv"))
    assert (found["records/emodb"].corpus, found["records/emodb"].name) == ("emodb", "")
    assert found["functionals/cross/mine"].sets == ("eGeMAPSv02",)
    assert found["functionals/cross/mine"].audio_dir == Path("d")


def test_sets_of_systems_do_not_change_the_rival():
    found = {job.name: job.config for job in preparation_jobs(dataclasses.replace(CONFIG, systems=("compare_svm",)))}
    assert found["functionals/ravdess"].sets == ("ComParE_2016",)
    assert found["functionals/cross/ravdess"].sets == ("eGeMAPSv02",)


def test_schedule_waits_for_the_pretrained_network_only():
    repeat, _ = training_jobs(CONFIG, SIZES)
    chosen = [job for job in repeat if "cross-" in job.name or job.name.endswith("pretrain-unlabelled")]
    schedule = Schedule(chosen)
    ready = []
    while job := schedule.next():
        ready.append(job)
    assert not any("cross-unlabelled" in job.name for job in ready)
    assert sum("cross-" in job.name for job in ready) == 8
    schedule.finished(next(job for job in ready if "pretrain" in job.name))
    assert "cross-unlabelled" in schedule.next().name
