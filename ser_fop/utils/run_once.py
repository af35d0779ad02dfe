"""Do the work of a run folder once."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ser_fop.utils.run_folder import Stage, open_stage


def run_once(
    name: str,
    config: Any,
    work: Callable[[Stage], Path],
    *,
    inputs: Mapping[str, Sequence[Path]] | None = None,
    digests: Mapping[str, str] | None = None,
    writes: bool = True,
) -> Path:
    """Return a finished run folder, and do the work only where it is not finished yet.

    Args:
        name: Name of the stage.
        config: The stage's config, with a field `out`.
        work: Writes into `Stage.folder`, commits it and returns the finished folder.
        inputs: As for `open_stage`.
        digests: As for `open_stage`.
        writes: As for `open_stage`.

    Returns:
        The finished run folder.

    Raises:
        InputError: If the folder holds another result.
    """
    stage = open_stage(name, out=config.out, config=config, inputs=inputs, digests=digests, writes=writes)
    if stage.complete:
        print(f"{stage.out} is complete.")
        return stage.out
    return work(stage)
