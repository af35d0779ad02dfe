"""Update what the layers know of emotion, keyword and speaker: `python docs/update_targets.py [FOLDER]`.

FOLDER is that of `pipelines/experiments/targets.sh`. Its figures are stored in `docs/probes/targets.json`. The table and
the plot of `docs/results/targets.md` are then written from them.
"""

import dataclasses
import json
import statistics
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from marks import between

from ser_fop.evaluation.comparisons import compare
from ser_fop.evaluation.predictions import PREDICTIONS, Prediction, read_predictions
from ser_fop.experiments.reporting.dot_plot import Dot, dot_plot
from ser_fop.utils.run_folder import CONFIG, METRICS, read_json

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "results" / "targets.md"
PICTURE = ROOT / "docs" / "pictures" / "targets.svg"
RESULT = ROOT / "docs" / "probes" / "targets.json"
COMMAND = "pipelines/experiments/targets.sh RAVDESS EMOSPEECHCOMMANDS SPEECHOCEAN LIBRISPEECH ACCENTS"
_NETWORKS = {"pretrained": "pretrained", "untrained": "untrained", "rival": "rival", "finetuned": "fine-tuned"}
_CORPORA = {
    "ravdess": "RAVDESS",
    "words": "EmoSpeechCommands",
    "speechocean": "speechocean762",
    "accents": "Accent Archive",
}
_ORDER = ("F", "h1", "h2", "mfcc", "resemblyzer", "network")
_TITLES = {
    "F": "F, the input",
    "mfcc": "MFCC statistics",
    "resemblyzer": "resemblyzer",
    "network": "fine-tuned network",
}


def keep(folder: Path) -> None:
    """Write `docs/probes/targets.json`."""
    runs: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    machine = ""
    for path in sorted(folder.glob("*/*/*/*/metrics.json")):
        task, corpus, network, feature = path.parent.relative_to(folder).parts
        runs[task, corpus, network.rpartition("-")[0], feature].append(read_json(path))
        machine = read_json(path.parent / CONFIG)["machine"]["processor"]
    rows = [
        {**dict(zip(("task", "corpus", "network", "feature"), key, strict=True)), **_figures(found)}
        for key, found in sorted(runs.items(), key=lambda item: (*item[0][:2], _ORDER.index(item[0][3]), item[0][2]))
    ]
    result = {"command": COMMAND, "machine": machine, "rows": rows, "gains": _gains(folder)}
    text = json.dumps(result, indent=1) + "\n"
    RESULT.write_text(text, encoding="utf-8")


def _gains(folder: Path) -> list[dict[str, Any]]:
    """Compare each layer of the pretrained network with the same layer untrained, over speakers."""
    gains = []
    for path in sorted(folder.glob("*/*/pretrained-0/h[0-9]*")):
        task, corpus, _, feature = path.relative_to(folder).parts
        pretrained, untrained = (
            _predictions(path.parents[1], f"{name}-*/{feature}") for name in ("pretrained", "untrained")
        )
        labels = read_json(path / METRICS)["labels"]
        found = compare(pretrained, untrained, labels)
        gain = {"difference": found.difference, "interval": dataclasses.asdict(found.over_speakers)}
        gain |= {"p": found.p_sign_flip, "speakers": found.speakers, "better": found.speakers_better}
        gains.append({"task": task, "corpus": corpus, "feature": feature, **gain})
    return gains


def _predictions(folder: Path, pattern: str) -> list[Prediction]:
    """Return the predictions of all repeats of a system."""
    return [
        dataclasses.replace(item, seed=number)
        for number, run in enumerate(sorted(folder.glob(pattern)))
        for item in read_predictions(run / PREDICTIONS)
    ]


def _figures(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return means over repeats, and the interval over speakers of the first one."""
    accuracy = [run["wa"] for run in runs]
    pairs = [[fold["verification"] for fold in run.get("folds", [run]) if fold.get("verification")] for run in runs]
    first = [one["eer_interval"] for one in pairs[0]]
    errors = [one["eer"] for found in pairs for one in found]
    return {
        "repeats": len(runs),
        "classes": len(runs[0]["labels"]),
        "utterances": runs[0]["n"],
        "accuracy": statistics.fmean(accuracy),
        "deviation": statistics.stdev(accuracy) if len(accuracy) > 1 else None,
        "interval": runs[0]["intervals"]["wa"]["speakers"],
        "top_5": statistics.fmean([run["top_5"] for run in runs]) if "top_5" in runs[0] else None,
        "eer": statistics.fmean(errors) if errors else None,
        "eer_interval": {
            "low": statistics.fmean(low for low, _ in first),
            "high": statistics.fmean(high for _, high in first),
        }
        if first
        else None,
    }


def table(result: Mapping[str, Any]) -> str:
    """Return the command, and one row for each task, corpus, feature and network, as Markdown."""
    lines = [
        f"`{result['command']}`, {result['machine']}.",
        "",
        "| task, corpus (classes) | feature | network | accuracy % [95 % over speakers] | top-5 % | EER % [95 % over speakers] | repeats |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in result["rows"]:
        network = "" if row["feature"] in ("F", "network") else _NETWORKS[row["network"]]
        cells = [
            f"{row['task']}, {_CORPORA[row['corpus']]} ({row['classes']})",
            _TITLES.get(row["feature"], row["feature"]),
            network,
            f"{_spread(row)} {_ends(row['interval'])}".strip(),
            "" if row["top_5"] is None else f"{100 * row['top_5']:.1f}",
            "" if row["eer"] is None else f"{100 * row['eer']:.1f} {_ends(row['eer_interval'])}",
            str(row["repeats"]),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    lines += [
        "",
        "| layer | gain of the pretrained over the untrained layer, points [95 % over speakers] | p, sign-flip over speakers | speakers with a better score |",
        "|---|---|---|---|",
    ]
    for gain in result["gains"]:
        name = f"{gain['task']}, {_CORPORA[gain['corpus']]}: {gain['feature']}"
        points = f"{100 * gain['difference']:+.1f} {_ends(gain['interval'])}"
        lines.append(f"| {name} | {points} | {gain['p']:.2g} | {gain['better']} of {gain['speakers']} |")
    return "\n".join(lines)


def plot(result: Mapping[str, Any]) -> str:
    """Return the plot of the accuracies as SVG."""
    rows = [
        Dot(
            name=f"{row['task']}, {_CORPORA[row['corpus']]}: {_TITLES.get(row['feature'], row['feature'])}"
            + (f", {_NETWORKS[row['network']]}" if row["feature"] in ("h1", "h2") else ""),
            value=100 * row["accuracy"],
            mark=100 / row["classes"],
            **({end: 100 * row["interval"][end] for end in ("low", "high")} if row["interval"] else {}),
        )
        for row in result["rows"]
    ]
    return dot_plot(rows, reference=None, label="accuracy, % (hollow: chance)")


def _spread(row: Mapping[str, Any]) -> str:
    deviation = row["deviation"]
    return f"{100 * row['accuracy']:.1f}" + (f" ± {100 * deviation:.1f}" if deviation is not None else "")


def _ends(interval: Mapping[str, Any] | None) -> str:
    return f"[{100 * interval['low']:.1f}, {100 * interval['high']:.1f}]" if interval else ""


def main() -> None:
    """Store a result if one is given, and update the page."""
    if len(sys.argv) > 1:
        keep(Path(sys.argv[1]))
    result = json.loads(RESULT.read_text(encoding="utf-8"))
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(between(page, "targets", lambda: table(result)), encoding="utf-8")
    PICTURE.write_text(plot(result) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
