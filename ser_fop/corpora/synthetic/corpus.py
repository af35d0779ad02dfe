"""The default corpora: synthetic emotional and read speech in the folder layouts of IEMOCAP and VCTK.

They let every command run end to end without a licensed corpus. Results on them show that a pipeline works. They do
not show how well it recognises human emotion.
"""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ser_fop.corpora import iemocap, vctk
from ser_fop.corpora.base import Corpus, Listing, ReadOptions
from ser_fop.corpora.synthetic.trees import write_iemocap_tree, write_vctk_tree
from ser_fop.corpora.synthetic.voices import UNLABELLED
from ser_fop.errors import InputError
from ser_fop.utils.remote import is_remote

LABELLED_FOLDER = "IEMOCAP_full_release"
UNLABELLED_FOLDER = "VCTK-Corpus"
MARKER = "SYNTHETIC.json"

# Increase a number when the same parameters give other bytes.
_LABELLED_FORMAT, _UNLABELLED_FORMAT = 2, 2
_PARTIAL_PREFIX = ".synthetic-partial-"
# Much longer than writing a tree takes: a tree that another process is still writing must not be removed.
_STALE_AFTER_S = 3600.0


@dataclass(frozen=True, kw_only=True)
class SyntheticConfig:
    """Settings of the synthetic corpora.

    Attributes:
        seed: Random seed. The same seed gives the same bytes.
        spread: Scale of the overlap between the emotions. With 1, a simple classifier is well above chance and well
            below 100 %. With 0, the emotions are trivial to separate.
        utterances_per_emotion: Number of labelled utterances per class (ang, hap, sad, neu) and speaker. There are ten
            speakers.
        others_per_speaker: Number of utterances per speaker with another annotation (fru, xxx, sur).
        unlabelled_speakers: Number of speakers in the unlabelled corpus.
        unlabelled_per_speaker: Number of utterances per unlabelled speaker.
    """

    seed: int = 0
    spread: float = 1.0
    utterances_per_emotion: int = 16
    others_per_speaker: int = 3
    unlabelled_speakers: int = 16
    unlabelled_per_speaker: int = 60

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name, lowest, highest in (
            ("seed", 0, 2**63),
            ("spread", 0.0, 3.0),
            ("utterances_per_emotion", 1, 200),
            ("others_per_speaker", 0, 200),
            ("unlabelled_speakers", 1, len(UNLABELLED)),
            ("unlabelled_per_speaker", 1, 999),
        ):
            value = getattr(self, name)
            if not lowest <= value <= highest:
                raise InputError(f"{name} of the synthetic corpus expected {lowest} to {highest}, received {value}.")


def write_synthetic(folder: Path, *, config: SyntheticConfig | None = None) -> tuple[Path, Path]:
    """Write the labelled and the unlabelled corpus. Existing trees with the same parameters are reused.

    Args:
        folder: Parent folder of both trees; created if necessary.
        config: Settings; None for the defaults.

    Returns:
        Root of the labelled tree (with `Session1` to `Session5`) and root of the unlabelled tree (in the layout of VCTK 0.92).

    Raises:
        InputError: If a root exists but has other parameters or is not a synthetic corpus, or if espeak-ng is not
            installed.
    """
    return write_labelled(folder, config=config), write_unlabelled(folder, config=config)


def write_labelled(folder: Path, *, config: SyntheticConfig | None = None) -> Path:
    """Write only the labelled corpus; see `write_synthetic`."""
    config = config or SyntheticConfig()
    parameters = {
        "seed": config.seed,
        "spread": config.spread,
        "utterances_per_emotion": config.utterances_per_emotion,
        "others_per_speaker": config.others_per_speaker,
    }
    return _write_or_reuse(
        folder / LABELLED_FOLDER,
        described={"format": _LABELLED_FORMAT, "parameters": parameters},
        write=lambda root: {"annotations": write_iemocap_tree(root, **parameters)},
    )


def write_unlabelled(folder: Path, *, config: SyntheticConfig | None = None) -> Path:
    """Write only the unlabelled corpus; see `write_synthetic`."""
    config = config or SyntheticConfig()
    parameters = {
        "seed": config.seed,
        "spread": config.spread,
        "speakers": config.unlabelled_speakers,
        "utterances_per_speaker": config.unlabelled_per_speaker,
    }
    return _write_or_reuse(
        folder / UNLABELLED_FOLDER,
        described={"format": _UNLABELLED_FORMAT, "parameters": parameters},
        write=lambda root: {"speakers": write_vctk_tree(root, **parameters)},
    )


def _write_or_reuse(root: Path, *, described: dict, write: Callable[[Path], dict]) -> Path:
    """Write a tree to a temporary folder and rename it to `root`, unless `root` exists."""
    if root.exists():
        _require_same(root, described)
        return root
    root.parent.mkdir(parents=True, exist_ok=True)
    _remove_stale(root.parent)
    partial = Path(tempfile.mkdtemp(prefix=_PARTIAL_PREFIX, dir=root.parent))
    try:
        tree = partial / root.name
        tree.mkdir()
        counts = write(tree)
        marker = {**described, "counts": counts}
        (tree / MARKER).write_text(json.dumps(marker, indent=2) + "\n", encoding="utf-8")
        try:
            os.rename(tree, root)
        except OSError:
            # Another process may have written the same tree in the meantime.
            if not root.exists():
                raise
            _require_same(root, described)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return root


def _require_same(root: Path, described: dict) -> None:
    """Raise `InputError` unless `root` is the synthetic tree with these parameters."""
    marker = root / MARKER
    try:
        stored = json.loads(marker.read_text(encoding="utf-8"))
        found_parameters = {"format": stored["format"], **stored["parameters"]}
    except FileNotFoundError:
        raise InputError(
            f"{root} exists and is not a synthetic corpus (it has no {MARKER}). Choose another folder."
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{marker} cannot be read ({error}). Remove the folder {root} to synthesise it again."
        ) from None
    expected = {"format": described["format"], **described["parameters"]}
    differences = [
        f"{name}: expected {expected.get(name)!r}, received {found_parameters.get(name)!r}"
        for name in sorted(found_parameters.keys() | expected.keys())
        if found_parameters.get(name) != expected.get(name)
    ]
    if differences:
        raise InputError(
            f"{root} is a synthetic corpus with other parameters: {'; '.join(differences)}."
            " Choose another folder, or remove this one."
        )


def _remove_stale(folder: Path) -> None:
    """Remove incomplete trees of earlier processes that were killed."""
    for partial in folder.glob(f"{_PARTIAL_PREFIX}*"):
        try:
            age_s = time.time() - partial.stat().st_mtime
        except FileNotFoundError:
            continue
        if age_s > _STALE_AFTER_S:
            shutil.rmtree(partial, ignore_errors=True)


def _complete_root(folder: Path, name: str) -> Path | None:
    """Return `folder` or its subfolder `name` if it has a marker, whatever its parameters are."""
    return next((root for root in (folder, folder / name) if (root / MARKER).is_file()), None)


def _require_local(folder: Path) -> Path:
    if is_remote(folder):
        raise InputError(
            f"the synthetic corpora are written to --audio-dir: expected a folder of this machine, received {folder}."
        )
    return folder


def _read_labelled(folder: Path, options: ReadOptions) -> Listing:
    if _complete_root(_require_local(folder), LABELLED_FOLDER) is None:
        write_labelled(folder)
    return iemocap.CORPUS.read(folder, options)


def _read_unlabelled(folder: Path, options: ReadOptions) -> Listing:
    if _complete_root(_require_local(folder), UNLABELLED_FOLDER) is None:
        write_unlabelled(folder)
    return vctk.CORPUS.read(folder, options)


_LICENCE = "No third-party recordings: synthesised locally by eSpeak NG, a program under GPL-3.0-or-later"
_CITATION = "eSpeak NG text-to-speech, https://github.com/espeak-ng/espeak-ng"
_URL = "https://github.com/espeak-ng/espeak-ng"

SYNTHETIC = Corpus(
    name="synthetic",
    title="Synthetic speech (espeak-ng)",
    licence=_LICENCE,
    citation=_CITATION,
    url=_URL,
    read=_read_labelled,
)

SYNTHETIC_UNLABELLED = Corpus(
    name="synthetic_unlabelled",
    title="Synthetic speech without labels (espeak-ng)",
    licence=_LICENCE,
    citation=_CITATION,
    url=_URL,
    read=_read_unlabelled,
)
