"""Config dataclass of each stage that reads or describes a corpus.

Command-line options, YAML keys and `config.json` are derived from these dataclasses and those of `settings`. Relative
paths are relative to the working directory.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ser_fop.config.rendition_settings import RenditionSettings
from ser_fop.config.settings import FeatureConfig, Protocol


@dataclass(frozen=True, kw_only=True)
class DownloadConfig:
    """Download an open corpus from its publisher. Files that are complete are not downloaded again.

    Attributes:
        corpus: `ravdess`, `librispeech`, `vctk`, `emodb`, `crema_d`, `speech_commands`, `fsdd`, `audiomnist` or
            `speechocean762`. For `iemocap` and `voxceleb1` the error explains how to request it.
        out: Folder for the corpus.
        parts: Parts of the corpus, such as LibriSpeech's `dev-clean` or the version `v0.01` of Speech Commands; the usual
            parts by default.
        mirror: Another host with the same paths as the publisher, such as https://us.openslr.org.
        keep_archives: Keep the archives after extraction.
        jobs: Number of simultaneous downloads, for a corpus that is published as single files.
    """

    corpus: str
    out: Path
    parts: tuple[str, ...] = ()
    mirror: str = ""
    keep_archives: bool = False
    jobs: int = 8


@dataclass(frozen=True, kw_only=True)
class InfoConfig:
    """Print the content of a corpus folder, and all problems found.

    Attributes:
        corpus: Name of the corpus.
        audio_dir: Folder of the corpus, or its URL (s3://, gs:// ..).
        manifest: CSV file of your own corpus (`--corpus csv`).
        target: Column with the labels, such as `speaker`; by default the corpus's own, mostly `emotion`.
        labels: Label set instead of the corpus's default.
        microphone: Microphone of VCTK 0.92.
        jobs: Number of threads; 0 means one for each core.
    """

    corpus: str
    audio_dir: Path
    manifest: Path | None = None
    target: str = ""
    labels: tuple[str, ...] = ()
    microphone: str = "mic1"
    jobs: int = 0


@dataclass(frozen=True, kw_only=True)
class PrepareConfig:
    """Convert a folder of audio to checked TFRecord shards of log-mels.

    Attributes:
        corpus: Name of the corpus.
        audio_dir: Folder of the corpus, or its URL (s3://, gs:// ..).
        out: Records folder to write.
        manifest: CSV file of your own corpus (`--corpus csv`).
        name: Name of the corpus in later stages, where speakers are named `corpus:speaker`; the name of
            `--corpus` by default. Each of your own corpora needs a different name.
        title: Name of your own corpus in reports and model cards; `name` by default.
        licence: Licence of your own corpus, for the configs of runs and for model cards; that of the corpus by default.
        target: Column with the labels, such as `speaker`, or a column of the manifest; by default the corpus's own,
            mostly `emotion`. All columns are kept, and later stages can choose another one.
        labels: Label set instead of the corpus's default.
        microphone: Microphone of VCTK 0.92.
        merge_names: Merge speakers, and labels, whose names differ only in case, spaces, leading zeros or Unicode form.
            Without this option such speakers are refused.
        features_of: Take the front end and the trimming of this network, instead of `features`, `trim_silence` and
            `trim_below_db`: the name of a published model, a run folder or a SavedModel.
        trim_silence: Remove silence at both ends of an utterance.
        trim_below_db: Level of silence, in decibels below the loudest frame.
        min_duration_s: Minimum duration of an utterance, in seconds. Shorter ones go to quarantine.
        max_duration_s: Maximum duration of an utterance, in seconds. Longer ones go to quarantine.
        max_quarantine_share: Maximum share of utterances in quarantine. With a larger share, the stage fails.
        dtype: Data type of the stored log-mels.
        utterances_per_shard: Number of utterances in a shard.
        jobs: Number of threads (of each worker process on Beam); 0 means one for each core. It does not change
            the output.
        runner: Run in this process (`local`), or on Apache Beam (extra `beam`). It does not change the output.
        beam_options: Options of Beam, NAME=VALUE, such as `runner=FlinkRunner flink_master=host:8081`.
        staging: Folder or URL to which Beam's workers write shards, if they do not share the disk of `out`.
        renditions: Number of varied copies of each utterance to write beside it, for training: as another microphone,
            room or line would give it. `finetune` and `pretrain` read them with `--renditions SHARE`.
        features: Settings of the front end.
        variation: Ranges of the varied copies.
    """

    corpus: str
    audio_dir: Path
    out: Path
    manifest: Path | None = None
    name: str = ""
    title: str = ""
    licence: str = ""
    target: str = ""
    labels: tuple[str, ...] = ()
    microphone: str = "mic1"
    merge_names: bool = False
    features_of: Path | None = None
    trim_silence: bool = False
    trim_below_db: float = 40.0
    min_duration_s: float = 0.1
    max_duration_s: float = 300.0
    max_quarantine_share: float = 0.01
    dtype: Literal["float16", "float32"] = "float16"
    utterances_per_shard: int = 256
    jobs: int = 0
    runner: Literal["local", "beam"] = "local"
    beam_options: tuple[str, ...] = ()
    staging: Path | None = None
    renditions: int = 0
    features: FeatureConfig = field(default_factory=FeatureConfig)
    variation: RenditionSettings = field(default_factory=RenditionSettings)


@dataclass(frozen=True, kw_only=True)
class FoldsConfig:
    """Write the speaker-disjoint folds of a corpus to a file, for `--folds` of the other stages.

    Attributes:
        records: Records folder with labels.
        out: Fold file to write. An existing file is never overwritten.
        target: Column with the labels; that of `prepare` by default. Folds for `speaker` divide the utterances of
            each speaker.
        protocol: Method to divide the speakers. By default the published folds are copied. Without published
            folds, the method depends on the corpus.
        count: Number of folds of `k-speaker-folds`. With `single-fold`, the share of test speakers is one divided
            by this number.
    """

    records: Path
    out: Path
    target: str = ""
    protocol: Protocol | None = None
    count: int = 5
