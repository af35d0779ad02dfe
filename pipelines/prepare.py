"""Convert a folder of audio to checked TFRecord shards: `ser-fop prepare --corpus X --audio-dir DIR --out DIR`."""

import dataclasses
import functools
import importlib.util
from pathlib import Path

from ser_fop.cli import run_stage
from ser_fop.config.corpus_stages import PrepareConfig
from ser_fop.config.rendition_settings import check_renditions
from ser_fop.config.settings import FeatureConfig
from ser_fop.corpora.base import Corpus, Listing, ReadOptions, with_distinct_names
from ser_fop.corpora.name_variants import label_problems
from ser_fop.corpora.reading import read_corpus
from ser_fop.corpora.registry import get_corpus
from ser_fop.corpora.targets import SPEAKER, check_target
from ser_fop.data.features import check_features
from ser_fop.data.prepare.prepare import prepare_records
from ser_fop.data.prepare.sources import require_same_sources
from ser_fop.data.records import CONTENT
from ser_fop.errors import InputError
from ser_fop.hub.networks import network_spec
from ser_fop.utils.json_io import read_json
from ser_fop.utils.run_folder import METRICS, Stage
from ser_fop.utils.run_once import run_once

_SHOWN_PROBLEMS = 5


def run(config: PrepareConfig) -> Path:
    """Prepare a records folder, unless it is complete."""
    corpus = get_corpus(config.corpus)
    config = _with_features_of(config)
    check_features(config.features)
    _check_target(config, corpus)
    _check_runner(config)
    _check_renditions(config)
    work = functools.partial(prepare, config, corpus)
    check = functools.partial(_check_input, config, corpus)
    # The input is compared by its content: the same files may have another path.
    digests = {field: "compared by content" for field in ("audio_dir", "manifest")}
    return run_once("prepare", config, work, digests=digests, check=check)


def prepare(config: PrepareConfig, corpus: Corpus, stage: Stage) -> Path:
    """List the utterances of the corpus and write its shards; return the records folder."""
    listing = _read(config, corpus)
    problems = [*listing.problems, *label_problems(listing.utterances)]
    for problem in problems[:_SHOWN_PROBLEMS]:
        print(f"note: {problem.file}: {problem.message}")
    if len(problems) > _SHOWN_PROBLEMS:
        print(f"note: and {len(problems) - _SHOWN_PROBLEMS} more; `ser-fop info` lists them all.")
    metrics = prepare_records(stage, config=config, corpus=corpus, listing=listing)
    out = stage.commit(metrics=metrics, content=[stage.folder / name for name in CONTENT])
    found = read_json(out / METRICS)
    print(
        f"{found['utterances']} utterances, {found['hours']:.2f} h, {found['speakers']} speakers; {found['quarantined']} quarantined;"
        f" {found['seconds']:.1f} s, {found['times_real_time']:.0f} times real time -> {out}"
    )
    return out


def _with_features_of(config: PrepareConfig) -> PrepareConfig:
    """Return the config with the front end and the trimming of the network `features_of`, if there is one."""
    if not config.features_of:
        return config
    spec = network_spec(config.features_of)
    if config.features not in (FeatureConfig(), spec.features):
        raise InputError(
            f"--features-of {config.features_of} sets the front end, but the options set another one. Drop --features-of,"
            " or the options of the front end."
        )
    return dataclasses.replace(
        config,
        features_of=None,
        features=spec.features,
        trim_silence=spec.trim_below_db > 0,
        trim_below_db=spec.trim_below_db or config.trim_below_db,
    )


def _read(config: PrepareConfig, corpus: Corpus) -> Listing:
    options = ReadOptions(
        manifest=config.manifest, labels=config.labels, microphone=config.microphone, target=config.target
    )
    return with_distinct_names(read_corpus(corpus, config.audio_dir, options), merge=config.merge_names)


def _check_input(config: PrepareConfig, corpus: Corpus, records: Path) -> None:
    """Compare a finished records folder with the corpus as it is now."""
    if not config.audio_dir.exists():
        print(f"note: {config.audio_dir} does not exist any more, so it is not compared with {records}.")
        return
    require_same_sources(records, _read(config, corpus), folder=config.audio_dir)


def _check_runner(config: PrepareConfig) -> None:
    """Raise `InputError` for options that need `--runner beam`, and if Beam is not installed."""
    for name in ("beam_options", "staging"):
        if config.runner != "beam" and getattr(config, name):
            raise InputError(
                f"--{name.replace('_', '-')} needs --runner beam, received --runner {config.runner}. Give --runner beam."
            )
    if config.runner == "beam" and importlib.util.find_spec("apache_beam") is None:
        raise InputError('--runner beam needs apache_beam, which is not installed: pip install "ser_fop[beam]".')


def _check_target(config: PrepareConfig, corpus: Corpus) -> None:
    target = check_target(config.target or corpus.target)
    if target == SPEAKER and config.features.normalised_by == "speaker":
        raise InputError(
            "--target speaker expected features that are not normalised by speaker: they would tell a speaker from his"
            " mean, which is not known in use. Choose another --normalised-by."
        )


def _check_renditions(config: PrepareConfig) -> None:
    """Raise `InputError` for settings of renditions that are out of range, or that the front end does not allow."""
    if config.renditions < 0:
        raise InputError(f"--renditions expected 0 or more, received {config.renditions}.")
    check_renditions(config.variation, sample_rate_hz=config.features.sample_rate_hz)
    if config.renditions and config.features.normalised_by == "speaker":
        raise InputError(
            "--renditions expected features that are not normalised by speaker, whose statistics are those of the"
            " recordings themselves. Drop one of the two options."
        )


def main(arguments: list[str] | None = None) -> int:
    """Run the stage from command-line arguments."""
    return run_stage("prepare", PrepareConfig, run, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
