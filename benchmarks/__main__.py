"""Compare every stage with common alternatives: `python -m benchmarks [STAGE ...]`.

Each contender runs in its own process, the contenders take turns, and ratios are computed per round. The row of a
contender that is not installed names the missing package.
"""

import argparse
import dataclasses
import importlib
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.guard import DEFAULT_SHARE, guard
from benchmarks.harness import Comparison
from benchmarks.record import RESULTS, read_record, write_record
from benchmarks.settings import Settings
from benchmarks.table import comparison_table, summary_table

STAGES = {
    "prepare": "benchmarks.stages.prepare",
    "reading": "benchmarks.stages.reading",
    "pretraining": "benchmarks.stages.pretraining",
    "hypercolumns": "benchmarks.stages.hypercolumns",
    "svm": "benchmarks.stages.svm",
    "latency": "benchmarks.stages.latency",
    "prediction": "benchmarks.stages.prediction",
}
# Quick runs have other sizes and therefore other ratios, so they have their own keys in the record.
QUICK = "-quick"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; record and guard if the options say so. Return the exit status."""
    options = _options(arguments)
    recorded = read_record()  # the guard compares with the record from before this run
    found: dict[str, list[Comparison]] = {}
    with tempfile.TemporaryDirectory(prefix="ser-fop-benchmarks-") as folder:
        for name in options.stages:
            print(f"## {name}\n", flush=True)
            work = Path(folder) / name
            work.mkdir()
            settings = Settings(
                work=work,
                rounds=options.rounds,
                quick=options.quick,
                corpus=options.corpus,
                audio_dir=options.audio_dir,
                day=options.day,
            )
            found[name] = importlib.import_module(STAGES[name]).run(settings)
            if options.quick:
                found[name] = [dataclasses.replace(one, key=one.key + QUICK) for one in found[name]]
            for comparison in found[name]:
                print(comparison_table(comparison), flush=True)
            if options.record:
                write_record({name: found[name]}, command=_command(options))
    print(f"## All\n\n{summary_table(found)}")
    measured = [comparison for comparisons in found.values() for comparison in comparisons]
    status = 1 if any(comparison.measurements[0].missing for comparison in measured) else 0
    if options.guard:
        status = max(status, _guard(measured, recorded, options.guard_share))
    return status


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("stages", nargs="*", metavar="STAGE", help=f"{', '.join(STAGES)} (default: all)")
    parser.add_argument("--rounds", type=int, default=5, help="measured rounds per contender (default: 5)")
    parser.add_argument("--quick", action="store_true", help="small sizes: takes minutes, with less precise ratios")
    parser.add_argument("--corpus", default="", help="name of the corpus in --audio-dir, for `prepare`")
    parser.add_argument("--audio-dir", type=Path, help="folder of audio; synthetic speech by default")
    parser.add_argument("--day", action="store_true", help="measure `prediction` on a whole day of audio")
    parser.add_argument("--record", action="store_true", help=f"store the figures in benchmarks/{RESULTS.name}")
    parser.add_argument("--guard", action="store_true", help="fail if a ratio is below the recorded one")
    parser.add_argument(
        "--guard-share",
        type=float,
        default=DEFAULT_SHARE,
        help=f"lowest accepted share of the recorded ratio (default: {DEFAULT_SHARE})",
    )
    options = parser.parse_args(arguments)
    unknown = [name for name in options.stages if name not in STAGES]
    if unknown:
        parser.error(f"expected stages out of {', '.join(STAGES)}; received {unknown[0]!r}")
    if bool(options.corpus) != bool(options.audio_dir):
        parser.error("expected both or neither of --corpus and --audio-dir, received one")
    if options.rounds < 1:
        parser.error(f"--rounds expected a positive number, received {options.rounds}")
    options.stages = options.stages or list(STAGES)
    return options


def _command(options: argparse.Namespace) -> str:
    """Return the command of this run, without local paths."""
    words = ["python -m benchmarks"]
    words += [] if options.stages == list(STAGES) else options.stages
    words += ["--rounds", str(options.rounds)]
    words += ["--quick"] if options.quick else []
    words += ["--corpus", options.corpus, "--audio-dir", "DIR"] if options.corpus else []
    words += ["--day"] if options.day else []
    return " ".join(words)


def _guard(measured: Sequence[Comparison], recorded: Mapping[str, Any], least_share: float) -> int:
    """Print the verdict; return the exit status: 1 for a failure."""
    verdict = guard(measured, recorded, least_share=least_share)
    print(f"\n{len(verdict.held)} ratios held, {len(verdict.failures)} failed, {len(verdict.unguarded)} unguarded.")
    for line in verdict.unguarded:
        print(f"unguarded: {line}")
    for line in verdict.failures:
        print(f"FAILED: {line}", file=sys.stderr)
    return 1 if verdict.failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
