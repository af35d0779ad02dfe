"""Run folders: written beside, renamed into place, `COMPLETED` last.

A finished folder holds `config.json` (resolved config, digests of what it was made
from, versions, git revision), `metrics.json`, the stage's own files, and `COMPLETED`
with the digest by which later stages know its content.
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
# In a partial folder: hours of training, which no other call may throw away.
CHECKPOINTS = "checkpoints"

# What decides neither content nor figures, but for rounding and the order of what is read, and so may differ between
# two calls: a run can resume on fewer machines.
_NOT_IDENTITY = frozenset(
    {
        "out",
        "jobs",
        "runner",
        "beam_options",
        "staging",
        "checkpoint_minutes",
        "checkpoints",
        "strategy",
        "data_service",
    }
)
_VERSIONED = ("ser_fop", "tensorflow", "keras", "numpy", "scikit-learn", "soundfile", "soxr")


def require_complete(folder: Path, stage: str | Iterable[str]) -> dict[str, Any]:
    """Return the `config.json` of a finished stage folder.

    Args:
        folder: The folder.
        stage: The stage, or stages, that may have written it.

    Returns:
        The parsed `config.json`.

    Raises:
        InputError: If it is missing, unfinished, or another stage's.
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
    """Return the digest of some files of a stage folder: names and SHA-256."""
    digest = hashlib.sha256()
    for path in sorted(content):
        digest.update(f"{path.relative_to(folder).as_posix()} {sha256(path)}\n".encode())
    return digest.hexdigest()


def digest_of(folder: Path) -> str:
    """Return the content digest that a finished stage folder declares."""
    return (folder / COMPLETED).read_text(encoding="utf-8").strip()


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that figures depend on."""
    found = {"python": platform.python_version()}
    for name in _VERSIONED:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, Any]:
    """Return what a reader of timings must know of this machine."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "system": platform.system(),
    }


def git_revision() -> str:
    """Return the revision of the source tree, `-dirty` if changed, or an empty string."""
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
    """A stage folder being written, or found complete.

    Attributes:
        name: Name of the stage.
        out: Where the finished folder stands.
        folder: Where to write: beside `out` until `commit`.
        complete: Whether `out` already holds this very result.
        resolved: What `config.json` says so far.
    """

    name: str
    out: Path
    folder: Path
    complete: bool
    resolved: Mapping[str, Any]

    @property
    def key(self) -> str:
        """Short digest of what decides the result and of its place, for files of this run in a folder of many."""
        identity = _identity(self.resolved, inputs=self.resolved["inputs"])
        asked = json.dumps([str(self.out), identity], sort_keys=True)
        return hashlib.sha256(asked.encode()).hexdigest()[:16]

    def commit(self, *, metrics: Mapping[str, Any], content: Sequence[Path], **extra: Any) -> Path:
        """Write config, metrics and `COMPLETED`, and rename the folder into place.

        Args:
            metrics: Figures for `metrics.json`.
            content: Files, below `folder`, that make up the result's digest.
            **extra: More keys of `config.json`, such as the speakers heard.

        Returns:
            The finished folder.
        """
        for path in content:
            flush(path)
        write_json(self.folder / CONFIG, {**self.resolved, **to_plain(extra)})
        write_json(self.folder / METRICS, metrics)
        write_text(self.folder / COMPLETED, content_digest(self.folder, content) + "\n")
        if self.out.exists():
            self.out.rmdir()  # `open_stage` let only an empty folder through
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
    """Find `out` complete, or start (or go on with) the folder beside it.

    Args:
        name: Name of the stage.
        out: Where the finished folder is to stand.
        config: The stage's config.
        inputs: Config fields that name finished stage folders, with those folders:
            their content counts, not their place.
        digests: Config fields that name other input, with its digest. Of an input whose digest an earlier run did
            not know, the name counts.
        writes: Whether this process writes it; another one does where several train together.

    Returns:
        The stage; `complete` tells whether there is nothing to do.

    Raises:
        InputError: If `out` holds another result, or something else.
    """
    out = Path(os.path.abspath(out))
    known = {field: [digest_of(folder) for folder in folders] for field, folders in (inputs or {}).items()}
    known |= {field: [digest] for field, digest in (digests or {}).items()}
    resolved = {
        "stage": name,
        "config": to_plain(config),
        "inputs": known,
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
            f"--out {out} already holds something that is no finished `ser-fop {name}` folder. Choose another folder, or empty it."
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
    """Mark `out` as the working folder of a run of many stages, or find it marked by the same run.

    Args:
        name: Name of the stage.
        out: The folder, used in place.
        config: The stage's config.
        extendable: Config fields that a later call may change.

    Raises:
        InputError: If `out` holds another run, or something else.
    """
    resolved = {"stage": name, "config": to_plain(config), "versions": versions(), "git_revision": git_revision()}
    if (out / CONFIG).exists():
        _require_same(_completed(read_json(out / CONFIG), config), resolved, out, extendable=extendable)
    elif out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise InputError(
            f"--out {out} already holds something that is no `ser-fop {name}` folder. Choose another folder, or empty it."
        )
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / CONFIG, resolved)


def _holds_work(partial: Path) -> bool:
    """Tell whether an unfinished folder holds what took long: checkpoints, its folds' too, or finished folds."""
    return any(partial.rglob(f"{CHECKPOINTS}/*")) or any(partial.glob(f"fold-*/{COMPLETED}"))


def _completed(found: Mapping[str, Any], config: Any) -> dict[str, Any]:
    """Return an earlier `config.json` in which a setting that did not exist yet has its default."""
    return {**found, "config": with_defaults(found.get("config", {}), config)}


def _identity(resolved: Mapping[str, Any], *, inputs: Collection[str], skipped: Collection[str] = ()) -> dict[str, Any]:
    """Flatten what decides a result: the stage, its config and the digests of these inputs of it."""
    skipped = {*_NOT_IDENTITY, *inputs, *skipped}
    config = {key: value for key, value in resolved.get("config", {}).items() if key not in skipped}
    flat = {"stage": resolved.get("stage"), **flattened(config)}
    for field in inputs:
        flat[f"content of {field}"] = list(resolved["inputs"][field])
    return flat


def _differences(
    found: Mapping[str, Any], wanted: Mapping[str, Any], extendable: Collection[str] = ()
) -> dict[str, tuple[Any, Any]]:
    """Return what decides a result and differs, in order, with both values."""
    inputs = set(found.get("inputs", {})) & set(wanted.get("inputs", {}))
    before, now = (_identity(one, inputs=inputs, skipped=extendable) for one in (found, wanted))
    keys = sorted({*before, *now})
    return {key: (before.get(key), now.get(key)) for key in keys if before.get(key) != now.get(key)}


def _require_same(
    found: Mapping[str, Any], wanted: Mapping[str, Any], out: Path, *, extendable: Collection[str] = ()
) -> None:
    """Refuse to reuse `out` for another result, naming the first key that differs."""
    for key, (before, now) in _differences(found, wanted, extendable).items():
        raise InputError(
            f"--out {out} holds another run: its {key} is {before!r}, now {now!r}. Choose another --out, or remove that"
            " folder."
        )
