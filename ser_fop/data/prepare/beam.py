"""The shards of `prepare`, written by the workers of Apache Beam."""

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

from ser_fop.config.stages import PrepareConfig
from ser_fop.data.prepare.shard_index import ShardIndex, ShardTask, finished_note, reusable_note
from ser_fop.data.prepare.shard_writer import ShardWriter
from ser_fop.data.prepare.staging import Staging
from ser_fop.errors import InputError
from ser_fop.utils.redirect import redirect_stderr
from ser_fop.utils.remote import is_remote
from ser_fop.utils.run_folder import Stage

# Beam's runner for one machine. "DirectRunner" would first try to fetch another program from the network.
_DEFAULT_RUNNER = "FnApiRunner"
_TRACEBACK = "Traceback (most recent call last)"
# What begins the last line of a traceback, and what Beam adds at its end.
_RAISED = re.compile(r"^(?:\w+\.)*(\w+): ", re.MULTILINE)
_WHERE = re.compile(r" \[while running .*?\]$", re.MULTILINE)


class _WriteShard(beam.DoFn):
    """Writes the shard of one task, and publishes it."""

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
    """Have a Beam pipeline write the shards that are not finished; all stand in the stage folder afterwards.

    Args:
        stage: The folder being written.
        config: What was asked for; `beam_options` say where the pipeline runs.
        tasks: The shards.
        log: What Beam and its workers say goes there.

    Returns:
        The note of each shard, and how many an earlier run had finished.

    Raises:
        InputError: If Beam refuses its options, or a worker fails; the rest of the story is in `log`.
    """
    staging = Staging(stage, config.staging)
    staging.open()
    staging.download_finished(stage.folder, _missing(stage.folder, tasks), quarantined=False)
    pending = _missing(stage.folder, tasks)
    print(f"beam: {len(pending)} of {len(tasks)} shards are to be written.", flush=True)
    if pending:
        _run(log, config, staging, pending)
        staging.download_finished(stage.folder, pending, quarantined=True)
    notes = [finished_note(stage.folder, task) for task in tasks]
    lost = [task.name for task, note in zip(tasks, notes, strict=True) if note is None]
    if lost:
        raise InputError(
            f"Beam's workers reported {len(lost)} of {len(tasks)} shards done that are not in {staging.folder} (the first"
            f" is {lost[0]}): expected a folder that they and this process share. Give --staging one, such as gs://bucket/tmp."
        )
    staging.clear()
    return notes, len(tasks) - len(pending)


def _missing(folder: Path, tasks: Sequence[ShardTask]) -> list[ShardTask]:
    return [task for task in tasks if reusable_note(folder, task) is None]


def _run(log: Path, config: PrepareConfig, staging: Staging, tasks: Sequence[ShardTask]) -> None:
    """Run the pipeline to its end; what it and its workers say goes to `log`."""
    # The workers of another process may stand in another folder.
    there = config.audio_dir if is_remote(config.audio_dir) else config.audio_dir.absolute()
    config = dataclasses.replace(config, audio_dir=there)
    with redirect_stderr(log) as said:
        try:
            pipeline = beam.Pipeline(options=_options(config.beam_options))
            # Without the shuffle, a runner may leave all shards to the one worker that holds the list.
            shards = pipeline | "List" >> beam.Create([_packed(task) for task in tasks], reshuffle=True)
            _ = shards | "WriteShard" >> beam.ParDo(_WriteShard(config, staging))
            result = pipeline.run()
            state = result.wait_until_finish() or result.state
        except Exception as error:
            traceback.print_exc(file=said)
            reason = _reason(error)
        else:
            reason = "" if state == PipelineState.DONE else f"the pipeline ended as {state}"
    if reason:
        raise InputError(
            f"Beam did not write the shards: {reason}. All that was said is in {log}; the same command goes on from the"
            " shards that are finished."
        )


def _options(given: Sequence[str]) -> PipelineOptions:
    """Read Beam's options; the dashes before a name may be left out."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):  # Beam's parser prints its usage and exits
            options = PipelineOptions([option if option.startswith("-") else f"--{option}" for option in given])
            options.get_all_options()
    except SystemExit:
        raise InputError(f"--beam-options: {said.getvalue().strip().rpartition('error: ')[2]}") from None
    standard = options.view_as(StandardOptions)
    standard.runner = standard.runner or _DEFAULT_RUNNER
    return options


def _reason(error: Exception) -> str:
    """Return in one line what was wrong: the error itself, or the last of the traceback that a worker handed on."""
    name, message = type(error).__name__, _WHERE.sub("", str(error))
    if _TRACEBACK in message:
        raised = list(_RAISED.finditer(message))
        if raised:
            name, message = raised[-1][1], message[raised[-1].end() :]
    message = " ".join(message.split()).rstrip(".")
    return message if name == InputError.__name__ else f"{name}: {message}"


def _packed(task: ShardTask) -> bytes:
    """Write a task as an element: runners send all of them in one message, whose size they limit."""
    return zlib.compress(msgspec.json.encode(task))


def _unpacked(packed: bytes) -> ShardTask:
    return msgspec.json.decode(zlib.decompress(packed), type=ShardTask)
