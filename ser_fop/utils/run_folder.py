"""Run folders: the output of a stage.

A stage writes into a partial folder, `OUT.partial`, and renames it to `OUT` at the end.
A finished folder contains `config.json` (resolved config, digests of the inputs, versions,
git revision), `metrics.json`, the stage's own files, and `COMPLETED`, which is written
last. `COMPLETED` contains the digest by which later stages identify the content.
"""

import dataclasses
import hashlib
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ser_fop.errors import InputError
from ser_fop.utils.json_io import flattened, flush, read_json, sha256, to_plain, with_defaults, write_json, write_text

CONFIG = "config.json"
METRICS = "metrics.json"
COMPLETED = "COMPLETED"
PARTIAL = ".partial"
# A run with another config does not delete a partial folder with checkpoints: they may represent hours of training.
CHECKPOINTS = "checkpoints"

# Settings that may differ between two calls of the same run, so that a run can resume on fewer machines. They affect
# rounding, the order in which data is read, and which files are kept, but no figure.
_NOT_IDENTITY = frozenset(
    {"out", "jobs", "runner", "beam_options", "staging", "checkpoint_minutes", "checkpoints", "strategy"}
    | {"data_service", "keep_classifier"}
)
_VERSIONED = ("ser_fop", "tensorflow", "keras", "numpy", "scikit-learn", "soundfile", "soxr")


def require_complete(folder: Path, stage: str | Iterable[str]) -> dict[str, Any]:
    """Return the `config.json` of a finished run folder.

    Args:
        folder: Run folder.
        stage: Stage, or stages, that may have written the folder.

    Returns:
        The parsed `config.json`.

    Raises:
        InputError: If the folder is missing or unfinished, or another stage wrote it.
    """
    stages = [stage] if isinstance(stage, str) else list(stage)
    wanted = " or ".join(f"`ser-fop {name}`" for name in stages)
    if not folder.is_dir():
        raise InputError(f"expected a folder written by {wanted}, but {folder} does not exist.")
    if not (folder / COMPLETED).exists() or not (folder / CONFIG).exists():
        raise InputError(
            f"{folder} is not a finished folder of {wanted} (it has no {COMPLETED}). Run that stage first."
        )
    config = read_json(folder / CONFIG)
    if config.get("stage") not in stages:
        raise InputError(
            f"expected a folder written by {wanted}, but {folder} was written by `ser-fop {config.get('stage')}`."
        )
    return config


def content_digest(folder: Path, content: Iterable[Path]) -> str:
    """Return the digest of the given files of a run folder: of their names and SHA-256 digests."""
    digest = hashlib.sha256()
    for path in sorted(content):
        digest.update(f"{path.relative_to(folder).as_posix()} {sha256(path)}\n".encode())
    return digest.hexdigest()


def digest_of(folder: Path) -> str:
    """Return the content digest of a finished run folder, as stored in `COMPLETED`."""
    return (folder / COMPLETED).read_text(encoding="utf-8").strip()


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that can affect results."""
    found = {"python": platform.python_version()}
    for name in _VERSIONED:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, Any]:
    """Describe this machine, so that a reader can interpret timings."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "system": platform.system(),
    }


def git_revision() -> str:
    """Return the git revision of the source tree, with `-dirty` if it has changes, or an empty string."""
    here = Path(__file__).resolve().parent
    try:
        run = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            cwd=here,
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return run.stdout.strip() if run.returncode == 0 else ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stage:
    """Run folder of a stage, in progress or complete.

    Attributes:
        name: Name of the stage.
        out: Path of the finished folder.
        folder: Folder to write into: the partial folder until `commit`.
        complete: True if `out` already contains this result.
        resolved: Content of `config.json` so far.
    """

    name: str
    out: Path
    folder: Path
    complete: bool
    resolved: Mapping[str, Any]

    @property
    def key(self) -> str:
        """Short digest of the run's identity and path. It names this run's files in a folder that runs share."""
        identity = _identity(self.resolved, inputs=self.resolved["inputs"])
        text = json.dumps([str(self.out), identity], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def commit(self, *, metrics: Mapping[str, Any], content: Sequence[Path], **extra: Any) -> Path:
        """Write config, metrics and `COMPLETED`, and rename the partial folder to `out`.

        Args:
            metrics: Content of `metrics.json`.
            content: Files below `folder` whose content defines the digest of the result.
            **extra: Further keys of `config.json`, such as `seen_speakers`.

        Returns:
            The finished folder.
        """
        for path in content:
            flush(path)
        write_json(self.folder / CONFIG, {**self.resolved, **to_plain(extra)})
        write_json(self.folder / METRICS, metrics)
        write_text(self.folder / COMPLETED, content_digest(self.folder, content) + "\n")
        if self.out.exists():
            self.out.rmdir()  # `open_stage` accepts only an empty folder
        self.folder.rename(self.out)
        return self.out


def open_stage(
    name: str,
    *,
    out: Path,
    config: Any,
    inputs: Mapping[str, Sequence[Path]] | None = None,
    digests: Mapping[str, str] | None = None,
    writes: bool = True,
) -> Stage:
    """Open the run folder of a stage: a complete folder, its partial folder to resume, or a new one.

    Args:
        name: Name of the stage.
        out: Path of the finished folder.
        config: Config of the stage.
        inputs: Finished run folders, by config field. Their content is compared, not their path.
        digests: Digests of other inputs, by config field. If an earlier run stored no digest for an input, the
            field's value is compared instead.
        writes: Whether this process writes the folder. In distributed training, only one process does.

    Returns:
        The stage. If `complete` is true, there is nothing to do.

    Raises:
        InputError: If `out` contains another result, or other files.
    """
    out = Path(os.path.abspath(out))
    input_digests = {field: [digest_of(folder) for folder in folders] for field, folders in (inputs or {}).items()}
    input_digests |= {field: [digest] for field, digest in (digests or {}).items()}
    resolved = {
        "stage": name,
        "config": to_plain(config),
        "inputs": input_digests,
        "seed": getattr(config, "seed", None),
        "versions": versions(),
        "git_revision": git_revision(),
        "machine": machine(),
    }
    if (out / COMPLETED).exists() and (out / CONFIG).exists():
        _require_same(_completed(read_json(out / CONFIG), config), resolved, out)
        return Stage(name=name, out=out, folder=out, complete=True, resolved=resolved)
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise InputError(
            f"--out expected an empty folder or a finished `ser-fop {name}` folder, but {out} contains other files."
            " Choose another folder, or empty it."
        )
    partial = out.with_name(out.name + PARTIAL)
    if not writes:
        return Stage(name=name, out=out, folder=partial, complete=False, resolved=resolved)
    started = partial / CONFIG
    before = _completed(read_json(started), config) if started.exists() else None
    if partial.exists() and (before is None or _differences(before, resolved)):
        if before is not None and _holds_work(partial):
            _require_same(before, resolved, partial)
        shutil.rmtree(partial)
    partial.mkdir(parents=True, exist_ok=True)
    write_json(started, resolved)
    return Stage(name=name, out=out, folder=partial, complete=False, resolved=resolved)


def claim_folder(name: str, *, out: Path, config: Any, extendable: Collection[str]) -> None:
    """Write the `config.json` of a run of many stages to its working folder, or check an existing one.

    Args:
        name: Name of the stage.
        out: Working folder of the run. It has no partial folder.
        config: Config of the stage.
        extendable: Config fields that a later call may change.

    Raises:
        InputError: If `out` contains another run, or other files.
    """
    resolved = {"stage": name, "config": to_plain(config), "versions": versions(), "git_revision": git_revision()}
    if (out / CONFIG).exists():
        _require_same(_completed(read_json(out / CONFIG), config), resolved, out, extendable=extendable)
    elif out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise InputError(
            f"--out expected an empty folder or a `ser-fop {name}` folder, but {out} contains other files."
            " Choose another folder, or empty it."
        )
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / CONFIG, resolved)


def _holds_work(partial: Path) -> bool:
    """Return True if a partial folder has checkpoints, of the run or of a fold, or finished folds."""
    return any(partial.rglob(f"{CHECKPOINTS}/*")) or any(partial.glob(f"fold-*/{COMPLETED}"))


def _completed(found: Mapping[str, Any], config: Any) -> dict[str, Any]:
    """Add the defaults of settings that are missing in the `config.json` of an earlier version."""
    return {**found, "config": with_defaults(found.get("config", {}), config)}


def _identity(resolved: Mapping[str, Any], *, inputs: Collection[str], skipped: Collection[str] = ()) -> dict[str, Any]:
    """Return the keys and values that identify a result: the stage, its config and the digests of `inputs`."""
    skipped = {*_NOT_IDENTITY, *inputs, *skipped}
    config = {key: value for key, value in resolved.get("config", {}).items() if key not in skipped}
    flat = {"stage": resolved.get("stage"), **flattened(config)}
    for field in inputs:
        flat[f"content of {field}"] = list(resolved["inputs"][field])
    return flat


def _differences(
    found: Mapping[str, Any], wanted: Mapping[str, Any], extendable: Collection[str] = ()
) -> dict[str, tuple[Any, Any]]:
    """Return the keys that identify a result and differ, sorted, each with both values."""
    inputs = set(found.get("inputs", {})) & set(wanted.get("inputs", {}))
    before, now = (_identity(one, inputs=inputs, skipped=extendable) for one in (found, wanted))
    keys = sorted({*before, *now})
    return {key: (before.get(key), now.get(key)) for key in keys if before.get(key) != now.get(key)}


def _require_same(
    found: Mapping[str, Any], wanted: Mapping[str, Any], out: Path, *, extendable: Collection[str] = ()
) -> None:
    """Raise an `InputError` with the first key that differs between two results."""
    for key, (before, now) in _differences(found, wanted, extendable).items():
        raise InputError(
            f"--out {out} holds another run: its {key} is {before!r}, now {now!r}. Choose another --out, or remove that"
            " folder."
        )
