"""Writing of record shards by the workers of an Apache Beam pipeline."""

import contextlib
import dataclasses
import io
import re
import traceback
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import apache_beam as beam
import msgspec
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions
from apache_beam.runners.runner import PipelineState

from ser_fop.config.corpus_stages import PrepareConfig
from ser_fop.data.prepare.shard_index import ShardIndex, ShardTask, finished_note, reusable_note
from ser_fop.data.prepare.shard_writer import ShardWriter
from ser_fop.data.prepare.staging import Staging
from ser_fop.errors import InputError
from ser_fop.utils.redirect import redirect_stderr
from ser_fop.utils.remote import is_remote
from ser_fop.utils.run_folder import Stage

# Beam's runner for one machine. "DirectRunner" would first try to download another program.
_DEFAULT_RUNNER = "FnApiRunner"
_TRACEBACK = "Traceback (most recent call last)"
# The start of the last line of a traceback, and the suffix that Beam appends.
_EXCEPTION_NAME = re.compile(r"^(?:\w+\.)*(\w+): ", re.MULTILINE)
_BEAM_SUFFIX = re.compile(r" \[while running .*?\]$", re.MULTILINE)


class _WriteShard(beam.DoFn):
    """Write the shard of one task and publish it."""

    def __init__(self, config: PrepareConfig, staging: Staging) -> None:
        super().__init__()
        self._config = config
        self._staging = staging
        self._writer: ShardWriter | None = None

    def setup(self) -> None:
        self._writer = ShardWriter(self._config)

    def process(self, packed: bytes) -> Iterator[str]:
        task = _unpacked(packed)
        with self._staging.scratch() as folder:
            self._writer.write(folder, task)
            self._staging.publish(folder, task.name)
        yield task.name

    def teardown(self) -> None:
        self._writer.close()


def write_shards_on_beam(
    stage: Stage, *, config: PrepareConfig, tasks: Sequence[ShardTask], log: Path
) -> tuple[list[ShardIndex], int]:
    """Write all unfinished shards with a Beam pipeline. Afterwards the stage folder holds all shards.

    Args:
        stage: The stage folder, which is not complete yet.
        config: Settings of the stage; `beam_options` selects where the pipeline runs.
        tasks: One task per shard.
        log: File for the output of Beam and its workers.

    Returns:
        The index of each shard, and the number of shards that an earlier run had finished.

    Raises:
        InputError: If Beam rejects its options, a worker fails, or finished shards are not in the staging folder.
    """
    staging = Staging(stage, config.staging)
    staging.open()
    staging.download_finished(stage.folder, _missing(stage.folder, tasks), quarantined=False)
    pending = _missing(stage.folder, tasks)
    print(f"beam: writing {len(pending)} of {len(tasks)} shards.", flush=True)
    if pending:
        _run(log, config, staging, pending)
        staging.download_finished(stage.folder, pending, quarantined=True)
    notes = [finished_note(stage.folder, task) for task in tasks]
    lost = [task.name for task, note in zip(tasks, notes, strict=True) if note is None]
    if lost:
        raise InputError(
            f"Beam's workers finished {len(tasks)} shards, but {len(lost)} of them are not in {staging.folder} (the first"
            f" is {lost[0]}). Expected a folder that the workers and this process share. Set --staging to such a folder,"
            " for example gs://bucket/tmp."
        )
    staging.clear()
    return notes, len(tasks) - len(pending)


def _missing(folder: Path, tasks: Sequence[ShardTask]) -> list[ShardTask]:
    return [task for task in tasks if reusable_note(folder, task) is None]


def _run(log: Path, config: PrepareConfig, staging: Staging, tasks: Sequence[ShardTask]) -> None:
    """Run the pipeline to its end; its output and that of its workers goes to `log`."""
    # Workers in another process may have another working directory.
    audio_dir = config.audio_dir if is_remote(config.audio_dir) else config.audio_dir.absolute()
    config = dataclasses.replace(config, audio_dir=audio_dir)
    with redirect_stderr(log) as output:
        try:
            pipeline = beam.Pipeline(options=_options(config.beam_options))
            # Without the reshuffle, a runner may give all shards to the one worker that holds the list.
            shards = pipeline | "List" >> beam.Create([_packed(task) for task in tasks], reshuffle=True)
            _ = shards | "WriteShard" >> beam.ParDo(_WriteShard(config, staging))
            result = pipeline.run()
            state = result.wait_until_finish() or result.state
        except Exception as error:
            traceback.print_exc(file=output)
            reason = _reason(error)
        else:
            reason = "" if state == PipelineState.DONE else f"the pipeline ended as {state}"
    if reason:
        raise InputError(
            f"Beam did not write the shards: {reason}. The full output is in {log}. Run the same command again: it keeps the"
            " finished shards."
        )


def _options(arguments: Sequence[str]) -> PipelineOptions:
    """Parse Beam's options; the dashes before a name are optional."""
    usage = io.StringIO()
    try:
        with contextlib.redirect_stderr(usage):  # Beam's parser prints its usage and exits
            options = PipelineOptions([option if option.startswith("-") else f"--{option}" for option in arguments])
            options.get_all_options()
    except SystemExit:
        raise InputError(f"--beam-options: {usage.getvalue().strip().rpartition('error: ')[2]}") from None
    standard = options.view_as(StandardOptions)
    standard.runner = standard.runner or _DEFAULT_RUNNER
    return options


def _reason(error: Exception) -> str:
    """Return the cause in one line: the error, or the last exception of the worker traceback in its message."""
    name, message = type(error).__name__, _BEAM_SUFFIX.sub("", str(error))
    if _TRACEBACK in message:
        exceptions = list(_EXCEPTION_NAME.finditer(message))
        if exceptions:
            name, message = exceptions[-1][1], message[exceptions[-1].end() :]
    message = " ".join(message.split()).rstrip(".")
    return message if name == InputError.__name__ else f"{name}: {message}"


def _packed(task: ShardTask) -> bytes:
    """Serialise and compress a task: runners send all tasks in one message of limited size."""
    return zlib.compress(msgspec.json.encode(task))


def _unpacked(packed: bytes) -> ShardTask:
    return msgspec.json.decode(zlib.decompress(packed), type=ShardTask)
