"""The plots of the stored studies, and of the typed tables, for the studies page."""

import statistics
from collections.abc import Callable

from marks import marks
from plot_files import ends
from study_parts import PARTS, RECOMMENDED, Trial, differences, flags, is_untrained, part_of, shape, trials_of

from ser_fop.experiments.reporting.dot_plot import Dot, dot_plot

_DEVELOPMENT = "pretraining_development"
_FEATURES = ("h1", "h2", "h_concat")
# The names of the lines, by the options that differ from preset `recommended`.
_NAMES = {
    "": "preset recommended",
    "--backbone cnn": "CNN",
    "--backbone lstm": "LSTM",
    "--dropout 0.1 --epochs 30": "dropout 0.1, 30 epochs",
    "--dropout 0.1 --epochs 90": "dropout 0.1, 90 epochs",
    "--dropout 0.1 --horizons 12 --epochs 30": "12 frames ahead",
    "--dropout 0.1 --horizons 8 --epochs 30": "8 frames ahead",
    "--dropout 0.1 --epochs 30, one horizon": "4 frames ahead",
    "--dropout 0.1 --stacked-frames 8 --horizons 8 --epochs 40": "8 frames ahead, 8 frames per step",
    "--dropout 0.1 --horizons 5 --epochs 15 no --stacked-frames": "1 frame per step, 5 frames ahead",
    "--epochs 40": "40 epochs",
    "--epochs 40 no --dropout": "no dropout, 40 epochs",
    "--freq-mask 20 --time-mask 20 --epochs 40 no --dropout": "masked bands and frames",
    "--hop-s 0.02 --stacked-frames 2 --horizons 2 --chunk-frames 128": "hop of 20 ms, 2 frames per step",
    "--horizons 4 8 --epochs 40": "4 and 8 frames ahead",
    "--horizons 4 8 12 --epochs 40": "4, 8 and 12 frames ahead",
    "--layer-norm pre": "pre-LN",
    "--layers 3": "3 layers",
    "--layers 4": "4 layers",
    "--loss contrastive --epochs 40": "contrastive prediction, 40 epochs",
    "--loss gaussian": "Gaussian likelihood",
    "--loss huber": "Huber loss",
    "--loss mse": "squared error",
    "--normalised-by speaker": "normalised by speaker",
    "--records librispeech ravdess --epochs 40": "LibriSpeech and RAVDESS, 40 epochs",
    "--warmup-share 0.1": "warm-up",
    "no --pooling": "mean pooling only",
    "no --schedule": "constant learning rate",
    "no --trim-silence": "silence not trimmed",
}
_MEAN_UA = "UA, %, mean"
_BACKBONES = {"lstm": "LSTM", "cnn": "CNN"}


def plots(page: str) -> dict[str, str]:
    """Return all plots of this module as SVG elements, by the names of their files.

    Args:
        page: Text of docs/lab-notebook/studies.md, with the typed tables.
    """
    parts = {f"{_DEVELOPMENT}_{part}": _part_plot(part) for part in PARTS[_DEVELOPMENT] if part != "gain"}
    return {
        "across_corpora": _typed_table(page, "across corpora", f"{_MEAN_UA} of three corpora; dotted line: chance"),
        "causal_model": _typed_table(page, "causal model", f"{_MEAN_UA} of the three columns; dotted line: chance"),
        "finetuning_ravdess": _folds_plot(trials_of("finetuning_ravdess")),
        **{
            f"finetuning_development_{part}": _folds_plot(part_of("finetuning_development", part))
            for part in PARTS["finetuning_development"]
        },
        "pretraining_backbones": _skill_plot(),
        f"{_DEVELOPMENT}_gain": _gain_plot(),
        **parts,
    }


def mean_of_features(trials: list[Trial], score: str = "wa") -> float:
    """Return the mean over features of a score in percent, each averaged over its seeds."""
    names = {trial["feature"] for trial in trials}
    return 100 * statistics.mean(
        statistics.mean(trial[score] for trial in trials if trial["feature"] == name) for name in names
    )


def _gain_plot() -> str:
    """Draw preset `recommended` against the untrained network, for each feature."""
    trained, untrained = trials_of(_DEVELOPMENT)[RECOMMENDED], _untrained(RECOMMENDED)
    rows = []
    for name in _FEATURES:
        scores = [100 * trial["wa"] for trial in trained if trial["feature"] == name]
        mark = 100 * statistics.mean(trial["wa"] for trial in untrained if trial["feature"] == name)
        seeds = f"{name}, {len(scores)} seeds (untrained: {mark:.1f})"
        rows.append(Dot(name=seeds, value=statistics.mean(scores), mark=mark, **ends(scores)))
    return dot_plot(rows, reference=None, label="WA, %; diamond: the same network, untrained")


def _part_plot(part: str) -> str:
    """Draw the settings of a part, best first, each with its untrained network."""
    rows = []
    for options, trials in part_of(_DEVELOPMENT, part).items():
        if is_untrained(options):
            continue
        seeds = {trial["seed"] for trial in trials}
        by_seed = [mean_of_features([trial for trial in trials if trial["seed"] == seed]) for seed in seeds]
        untrained = _untrained(options)
        name = _name(options, trials, part)
        mark = mean_of_features(untrained) if untrained else None
        rows.append(Dot(name=name, value=mean_of_features(trials), mark=mark, **ends(by_seed)))
    rows.sort(key=lambda row: -row.value)
    usual = mean_of_features(trials_of(_DEVELOPMENT)[RECOMMENDED])
    label = "WA, %, mean of h1, h2 and h_concat; diamond: untrained"
    return dot_plot(rows, reference=usual, label=label)


def _untrained(options: str) -> list[Trial]:
    """Return the trials of the untrained networks of the same shape."""
    return [
        trial
        for other, trials in trials_of(_DEVELOPMENT).items()
        if is_untrained(other) and shape(other) == shape(options)
        for trial in trials
    ]


def _name(options: str, trials: list[Trial], part: str) -> str:
    """Return the name of a line: its differences from preset `recommended`, its skill or its seeds."""
    changed = differences(options)
    key = " ".join(f"no {flag}" if value is None else f"{flag} {value}".rstrip() for flag, value in changed.items())
    if part == "horizons":
        skill = statistics.mean(trial["skill"] for trial in trials)
        key += ", one horizon" if f"{key}, one horizon" in _NAMES else ""
        return f"{_NAMES.get(key, key)} (skill {skill:+.3f})"
    name = "self-attention" if part == "backbones" and not key else _NAMES.get(key, key)
    seeds = len({trial["seed"] for trial in trials})
    notes = [f"{seeds} seeds"] * (seeds > 1) + ["transductive"] * any(trial["transductive"] for trial in trials)
    return name + (f" ({', '.join(notes)})" if notes else "")


def _skill_plot() -> str:
    """Draw the skill of each backbone by its preset and horizons."""
    rows = []
    for options, trials in trials_of("pretraining_backbones").items():
        found = flags(options)
        backbone = _BACKBONES.get(found.get("--backbone", ""), "self-attention")
        horizons = found.get("--horizons", "1").split()
        frames = "1 frame" if horizons == ["1"] else f"{', '.join(horizons)} frames"
        preset = "recommended" if "--stacked-frames" in found else "paper"
        skill = 100 * statistics.mean(trial["skill"] for trial in trials)
        dot = Dot(name=f"{backbone}, {frames} ahead (preset {preset})", value=skill)
        rows.append((preset == "paper", len(horizons), -skill, dot))
    rows.sort(key=lambda row: row[:3])
    label = "100 x skill (mean of the horizons); 0: copying the last frame"
    return dot_plot([dot for *_, dot in rows], reference=0.0, label=label)


def _folds_plot(trials_by_options: dict[str, list[Trial]]) -> str:
    """Draw the mean UA of each recipe of fine-tuning, best first, from its lowest to its highest fold."""
    rows = []
    for options, trials in trials_by_options.items():
        folds = {trial["fold"] for trial in trials}
        by_fold = [100 * statistics.mean(trial["ua"] for trial in trials if trial["fold"] == fold) for fold in folds]
        number = f"{len(folds)}\N{NO-BREAK SPACE}fold{'s' if len(folds) > 1 else ''}"
        value = 100 * statistics.mean(trial["ua"] for trial in trials)
        rows.append(Dot(name=f"{_recipe(options)} ({number})", value=value, **ends(by_fold)))
    rows.sort(key=lambda row: -row.value)
    return dot_plot(rows, reference=None, label="UA, %; line: from the lowest to the highest fold")


def _recipe(options: str) -> str:
    """Return a recipe of fine-tuning in words."""
    stages = {stage.partition(" ")[0]: flags(stage) for stage in options.split("; ")}
    prepared, pretrained, found = stages["prepare"], stages.get("pretrain"), stages["finetune"]
    sources = {"librispeech": "from LibriSpeech", "ravdess": "from RAVDESS itself"}
    words = ["from scratch"]
    if pretrained:
        words = [f"{sources[pretrained['--records']]} ({pretrained['--epochs']} epochs)"]
    choices: dict[str, Callable[[], bool]] = {
        f"width {found.get('--d-model')}": lambda: "--d-model" in found,
        "normalised by speaker": lambda: "--normalised-by" in prepared,
        "windows of 64 ms": lambda: prepared.get("--window-s") == "0.064",
        f"rate {found.get('--learning-rates')}": lambda: "--learning-rates" in found,
        "target's mel statistics": lambda: found.get("--normalisation") == "target" and "--keep" not in found,
        "causal attention": lambda: "--attention" not in found,
        "no change of speed": lambda: "--speed" not in found,
    }
    words += [word for word, applies in choices.items() if applies()]
    kept = "last" if found.get("--keep") == "last" else "best"
    return ", ".join([*words, f"{kept} epoch of {found['--epochs']}"])


def _typed_table(page: str, name: str, label: str) -> str:
    """Draw the last column of a table that is typed between the marks of a name; its first line is chance."""
    start, end = marks(name)
    table = page.partition(start)[2].partition(end)[0]
    cells = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ")]
    (_, chance), *systems = [(row[0], float(row[-1])) for row in cells[1:]]
    rows = [Dot(name=name, value=value) for name, value in systems]
    return dot_plot(rows, reference=chance, label=label)
