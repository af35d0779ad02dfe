"""The default corpora: emotional and read speech that is synthesised on the spot, laid out as IEMOCAP and VCTK.

They let every command run end to end where no licensed corpus is at hand. Results on
them say that a pipeline works, not how well it recognises human emotion.
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

# Raised whenever the same parameters begin to give other bytes.
_FORMAT = 1
_PARTIAL_PREFIX = ".synthetic-partial-"
# Far longer than a tree takes, so that another process's unfinished tree is left alone.
_STALE_AFTER_S = 3600.0


@dataclass(frozen=True, kw_only=True)
class SyntheticConfig:
    """What to synthesise.

    Attributes:
        seed: Seed of everything drawn; the same seed gives the same bytes.
        spread: Scale of the overlap of the emotions. 1 leaves a simple
            classifier well above chance and well below 100 %; 0 makes the
            emotions trivial to tell apart.
        utterances_per_emotion: Labelled utterances of each of the four classes
            (ang, hap, sad, neu), of each of the ten speakers.
        others_per_speaker: Labelled utterances outside the four classes
            (fru, xxx, sur), of each speaker.
        unlabelled_speakers: Speakers of the unlabelled set.
        unlabelled_per_speaker: Utterances of each of them.
    """

    seed: int = 0
    spread: float = 1.0
    utterances_per_emotion: int = 6
    others_per_speaker: int = 3
    unlabelled_speakers: int = 12
    unlabelled_per_speaker: int = 16

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
    """Write the labelled and the unlabelled corpus, or reuse what is there.

    Args:
        folder: Where to write; created if need be.
        config: What to synthesise; None is the default.

    Returns:
        The root of the labelled tree (it holds `Session1` to `Session5`) and
        of the unlabelled one (it holds `wav48`).

    Raises:
        InputError: If a tree with other parameters, or of another origin, is
            in the way, or espeak-ng is not installed.
    """
    return write_labelled(folder, config=config), write_unlabelled(folder, config=config)


def write_labelled(folder: Path, *, config: SyntheticConfig | None = None) -> Path:
    """Write the labelled corpus only; see `write_synthetic`."""
    config = config or SyntheticConfig()
    parameters = {
        "seed": config.seed,
        "spread": config.spread,
        "utterances_per_emotion": config.utterances_per_emotion,
        "others_per_speaker": config.others_per_speaker,
    }
    return _published(
        folder / LABELLED_FOLDER,
        parameters=parameters,
        write=lambda root: {"annotations": write_iemocap_tree(root, **parameters)},
    )


def write_unlabelled(folder: Path, *, config: SyntheticConfig | None = None) -> Path:
    """Write the unlabelled corpus only; see `write_synthetic`."""
    config = config or SyntheticConfig()
    parameters = {
        "seed": config.seed,
        "spread": config.spread,
        "speakers": config.unlabelled_speakers,
        "utterances_per_speaker": config.unlabelled_per_speaker,
    }
    return _published(
        folder / UNLABELLED_FOLDER,
        parameters=parameters,
        write=lambda root: {"speakers": write_vctk_tree(root, **parameters)},
    )


def _published(root: Path, *, parameters: dict, write: Callable[[Path], dict]) -> Path:
    """Write a tree beside `root` and move it there whole, unless it is there already."""
    if root.exists():
        _require_same(root, parameters)
        return root
    root.parent.mkdir(parents=True, exist_ok=True)
    _remove_stale(root.parent)
    partial = Path(tempfile.mkdtemp(prefix=_PARTIAL_PREFIX, dir=root.parent))
    try:
        tree = partial / root.name
        tree.mkdir()
        counts = write(tree)
        marker = {"format": _FORMAT, "parameters": parameters, "counts": counts}
        (tree / MARKER).write_text(json.dumps(marker, indent=2) + "\n", encoding="utf-8")
        try:
            os.rename(tree, root)
        except OSError:
            # Another process may have been faster.
            if not root.exists():
                raise
            _require_same(root, parameters)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return root


def _require_same(root: Path, parameters: dict) -> None:
    """Raise `InputError` unless `root` holds the synthetic tree of these parameters."""
    marker = root / MARKER
    try:
        found = json.loads(marker.read_text(encoding="utf-8"))
        held = {"format": found["format"], **found["parameters"]}
    except FileNotFoundError:
        raise InputError(
            f"{root} exists and is not a synthetic corpus (it has no {MARKER}). Choose another folder."
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{marker} cannot be read ({error}). Remove the folder {root} to synthesise it again."
        ) from None
    wanted = {"format": _FORMAT, **parameters}
    differences = [
        f"{name} is {held.get(name)!r} there, {wanted.get(name)!r} was asked for"
        for name in sorted(held.keys() | wanted.keys())
        if held.get(name) != wanted.get(name)
    ]
    if differences:
        raise InputError(
            f"{root} holds a synthetic corpus of other parameters: {'; '.join(differences)}."
            " Choose another folder, or remove that one."
        )


def _remove_stale(folder: Path) -> None:
    """Remove what an earlier, killed process left half written."""
    for partial in folder.glob(f"{_PARTIAL_PREFIX}*"):
        try:
            age_s = time.time() - partial.stat().st_mtime
        except FileNotFoundError:
            continue
        if age_s > _STALE_AFTER_S:
            shutil.rmtree(partial, ignore_errors=True)


def _complete_root(folder: Path, name: str) -> Path | None:
    """Find the marked tree that `folder` is or holds, whatever its parameters."""
    return next((root for root in (folder, folder / name) if (root / MARKER).is_file()), None)


def _local(folder: Path) -> Path:
    if is_remote(folder):
        raise InputError(
            f"the synthetic corpora are written where --audio-dir says: expected a folder of this machine, received {folder}."
        )
    return folder


def _read_labelled(folder: Path, options: ReadOptions) -> Listing:
    if _complete_root(_local(folder), LABELLED_FOLDER) is None:
        write_labelled(folder)
    return iemocap.CORPUS.read(folder, options)


def _read_unlabelled(folder: Path, options: ReadOptions) -> Listing:
    if _complete_root(_local(folder), UNLABELLED_FOLDER) is None:
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
