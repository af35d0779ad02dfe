"""Run a stage unless its run folder is complete."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ser_fop.utils.folder_lock import folder_lock
from ser_fop.utils.run_folder import Stage, open_stage


def run_once(
    name: str,
    config: Any,
    work: Callable[[Stage], Path],
    *,
    inputs: Mapping[str, Sequence[Path]] | None = None,
    digests: Mapping[str, str] | None = None,
    writes: bool = True,
    check: Callable[[Path], None] | None = None,
) -> Path:
    """Run a stage and return its run folder. A complete run folder is returned without any work.

    Args:
        name: Name of the stage.
        config: Config of the stage, with a field `out`.
        work: Function that writes into `Stage.folder`, commits it and returns the finished folder.
        inputs: As for `open_stage`.
        digests: As for `open_stage`.
        writes: As for `open_stage`.
        check: Function that receives a complete folder, and raises an `InputError` if its input has changed.

    Returns:
        The finished run folder.

    Raises:
        InputError: If the folder contains another result, or another process is writing it.
    """
    with folder_lock(config.out) if writes else contextlib.nullcontext():
        stage = open_stage(name, out=config.out, config=config, inputs=inputs, digests=digests, writes=writes)
        if stage.complete:
            if check:
                check(stage.out)
            print(f"{stage.out} is complete.")
            return stage.out
        return work(stage)
