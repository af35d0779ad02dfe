"""Turn a folder of audio into checked TFRecord shards: `ser-fop prepare --corpus X --audio-dir DIR --out DIR`."""

import functools
import importlib.util
from pathlib import Path

from ser_fop.cli import run_stage
from ser_fop.config.stages import PrepareConfig
from ser_fop.corpora import get_corpus
from ser_fop.corpora.base import Corpus, ReadOptions
from ser_fop.data.features import check_features
from ser_fop.data.prepare.prepare import prepare_records
from ser_fop.data.records import CONTENT
from ser_fop.errors import InputError
from ser_fop.utils.json_io import read_json
from ser_fop.utils.run_folder import METRICS, Stage
from ser_fop.utils.run_once import run_once


def run(config: PrepareConfig) -> Path:
    """Prepare a records folder, or find it complete."""
    corpus = get_corpus(config.corpus)
    check_features(config.features)
    _check_runner(config)
    return run_once("prepare", config, functools.partial(prepare, config, corpus))


def prepare(config: PrepareConfig, corpus: Corpus, stage: Stage) -> Path:
    """List the corpus, and write its shards."""
    options = ReadOptions(manifest=config.manifest, labels=config.labels, microphone=config.microphone)
    listing = corpus.read(config.audio_dir, options)
    for problem in listing.problems[:5]:
        print(f"note: {problem.file}: {problem.message}")
    if len(listing.problems) > 5:
        print(f"note: and {len(listing.problems) - 5} more; `ser-fop info` lists them all.")
    metrics = prepare_records(stage, config=config, corpus=corpus, listing=listing)
    out = stage.commit(metrics=metrics, content=[stage.folder / name for name in CONTENT])
    found = read_json(out / METRICS)
    print(
        f"{found['utterances']} utterances, {found['hours']:.2f} h, {found['speakers']} speakers; {found['quarantined']} quarantined;"
        f" {found['seconds']:.1f} s, {found['times_real_time']:.0f} times real time -> {out}"
    )
    return out


def _check_runner(config: PrepareConfig) -> None:
    """Raise `InputError` for what only Beam understands, and for a Beam that is not there, before any work."""
    for name in ("beam_options", "staging"):
        if config.runner != "beam" and getattr(config, name):
            raise InputError(
                f"--{name.replace('_', '-')} is for Beam, and --runner is {config.runner}. Give --runner beam."
            )
    if config.runner == "beam" and importlib.util.find_spec("apache_beam") is None:
        raise InputError('--runner beam needs its extra, apache_beam is missing: pip install "ser_fop[beam]".')


def main(arguments: list[str] | None = None) -> int:
    """Run the stage from command-line arguments."""
    return run_stage("prepare", PrepareConfig, run, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
