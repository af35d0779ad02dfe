from pathlib import Path

import pytest

from ser_fop.config.settings import FeatureConfig
from ser_fop.errors import InputError
from ser_fop.experiments.jobs import preparation_jobs
from ser_fop.experiments.reproduce_config import ReproduceConfig
from ser_fop.utils.remote import location


def config_of(**options):
    paths = {"out": Path("out"), "audio_dir": Path("a"), "unlabelled": "librispeech=b"}
    return ReproduceConfig(**paths, corpus="ravdess", **options)


def test_preparation_jobs_share_front_end_and_trimming():
    features = FeatureConfig(mels=40)
    labelled, second = (job.config for job in preparation_jobs(config_of(features=features, trim_silence=True)))
    assert (labelled.corpus, second.corpus) == ("ravdess", "librispeech")
    assert (labelled.audio_dir, second.audio_dir) == (Path("a"), Path("b"))
    assert labelled.features == second.features == features
    assert labelled.trim_silence
    assert second.trim_silence
    assert not any(job.config.trim_silence for job in preparation_jobs(config_of()))


def test_preparation_jobs_accept_urls():
    paths = {"out": Path("out"), "audio_dir": location("s3://a/b"), "unlabelled": "librispeech=gs://c/d"}
    labelled, second = (job.config for job in preparation_jobs(ReproduceConfig(corpus="ravdess", **paths)))
    assert (str(labelled.audio_dir), str(second.audio_dir)) == ("s3://a/b", "gs://c/d")


def test_preparation_jobs_reject_labelled_corpus_as_second():
    with pytest.raises(InputError, match="expected a second corpus, received the labelled corpus 'ravdess'"):
        preparation_jobs(
            ReproduceConfig(out=Path("out"), audio_dir=Path("a"), corpus="ravdess", unlabelled="ravdess=a")
        )


@pytest.mark.parametrize(
    ("options", "target"),
    [
        ({}, ""),
        ({"task": "speaker"}, "speaker"),
        ({"task": "keyword"}, "word"),
        ({"task": "keyword", "target": "text"}, "text"),
        ({"target": "text"}, "text"),
    ],
)
def test_task_names_the_labels_of_the_labelled_corpus(options, target):
    labelled, second = (job.config for job in preparation_jobs(config_of(**options)))
    assert labelled.target == target
    assert second.target == ""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"task": "speaker", "target": "word"}, "--task speaker expected no other --target, received 'word'"),
        ({"task": "speaker", "cross_corpus": ("emodb=c",)}, "--cross-corpus compares emotions"),
    ],
)
def test_tasks_that_cannot_be_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        preparation_jobs(config_of(**options))
