"""The figures in prose, by query: each one comes from a stored result, so that none is typed.

A page states a figure between marks, `<!--=QUERY-->2.9<!--/-->`. `python docs/update_figures.py` writes the figures again.
A query is one of these, where RESULT is a file of docs/results:

- `claim RESULT NUMBER FIELD`: a claim, counted from 1; FIELD is `points`, `low`, `high` or `p`.
- `system RESULT CELL FIELD`: a row of Table 3; FIELD is `wa`, `ua`, `points` (more than FOP + Fine-tuning), `p`,
  `gain`, `gain-p` (over the same network from scratch), `other-wa`, `other-points`, `other-p` (without the
  development speakers).
- `table1 RESULT SETTING SCORE` and `table2 RESULT NETWORK FEATURE CLASSIFIER SCORE`: a mean over all folds.
- `synthetic NUMBER`: the mean of a claim over the synthetic corpora, with its standard error.
- `sample-skill EMOTION`: the skill of `fop-librispeech` on a recording of the package.
- a name of `NAMED`.
"""

import functools
import json
import statistics
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import update_errors
from study_parts import RECOMMENDED, part_of, trials_of
from study_plots import mean_of_features

RESULTS = Path(__file__).resolve().parent / "results"


@functools.cache
def result(name: str) -> dict[str, Any]:
    """Return a stored result."""
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def figure(query: str) -> str:
    """Return the figure of a query as text.

    Raises:
        KeyError: If the query is unknown.
    """
    kind, *words = query.split()
    if kind in NAMED and not words:
        return NAMED[kind]()
    return _KINDS[kind](*words)


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _p(value: float) -> str:
    return f"{value:.2g}"


def _claim(name: str, number: str, field: str) -> str:
    claim = result(name)["claims"][int(number) - 1]
    if field == "p":
        return _p(claim["p_sign_flip"])
    return _percent(claim["difference"] if field == "points" else claim["over_speakers"][field])


def _system(name: str, cell: str, field: str) -> str:
    row = next(row for row in result(name)["systems"] if row["cell"] == cell)
    if field in ("wa", "ua"):
        return _percent(row[field]["mean"])
    if field == "other-wa":
        return _percent(row["unexplored"]["wa"]["mean"])
    compared = {"other": row["unexplored"]["against_fop"], "gain": row["against_control"]} if "-" in field else {}
    compared |= {"points": row["against_fop"], "p": row["against_fop"], "gain": row["against_control"]}
    found = compared[field.partition("-")[0]]
    return _p(found["p_sign_flip"]) if field.endswith("p") else _percent(abs(found["difference"]))


def _table1(name: str, setting: str, score: str) -> str:
    row = next(row for row in result(name)["table1"] if row["setting"] == setting)
    return _percent(row["cross_validation"][score]["mean"])


def _table2(name: str, network: str, feature: str, classifier: str, score: str) -> str:
    rows = result(name)["table2"]
    row = next(row for row in rows if (row["network"], row["feature"]) == (network, feature))
    return _percent(row["cross_validation"][classifier][score]["mean"])


def _synthetic(number: str) -> str:
    paths = sorted(RESULTS.glob("synthetic_seed_*.json"))
    points = [100 * result(path.stem)["claims"][int(number) - 1]["difference"] for path in paths]
    return f"{statistics.mean(points):.2f} ± {statistics.stdev(points) / len(points) ** 0.5:.2f}"


def _range(values: Mapping[str, float] | list[float], digits: int = 1) -> str:
    found = list(values.values()) if isinstance(values, Mapping) else values
    return f"{min(found):.{digits}f} to {max(found):.{digits}f}"


def _error_gaps(part: str, other: str) -> str:
    """Return by how many points of UA one part of the test speech is recognised better, over all systems."""
    parts = update_errors._PARTS
    gaps = []
    for system in update_errors.SYSTEMS:
        rows = update_errors.predictions(system)
        scores = [update_errors.recall(filter(parts[name], rows), update_errors._is_correct) for name in (part, other)]
        gaps.append(100 * (scores[0] - scores[1]))
    return _range(gaps, 0)


def _means_over_folds(trials: Mapping[str, list[dict[str, Any]]], *, folds: int) -> dict[str, float]:
    """Return the mean UA of each recipe that has so many folds."""
    return {
        options: 100 * statistics.mean(trial["ua"] for trial in found)
        for options, found in trials.items()
        if len({trial["fold"] for trial in found}) == folds
    }


def _best_recipe(pretrained: bool) -> str:
    means = _means_over_folds(part_of("finetuning_development", "pretraining"), folds=3)
    return f"{max(mean for options, mean in means.items() if ('; pretrain' in options) is pretrained):.1f}"


def _sample_skill(emotion: str) -> str:
    skills = json.loads((RESULTS.parent / "pictures" / "sample_skills.json").read_text(encoding="utf-8"))["skill"]
    return f"{skills[emotion]:+.2f}".replace("-", "\N{MINUS SIGN}")


def _labels(feature: str, speakers: int) -> float:
    """Return the UA of a linear probe with so many labelled speakers, in percent."""
    rows = _stored_labels()["rows"]
    return 100 * next(row["ua"] for row in rows if (row["feature"], row["speakers"]) == (feature, speakers))


def _stored_labels() -> dict[str, Any]:
    return json.loads((RESULTS.parent / "probes" / "labels_development.json").read_text(encoding="utf-8"))


_STRONG = "strong intensity (without neutral, which has none)"
NAMED: dict[str, Callable[[], str]] = {
    "errors-women": lambda: _error_gaps("women", "men"),
    "errors-intensity": lambda: _error_gaps(_STRONG, "normal intensity (without neutral)"),
    "recipes-ravdess": lambda: _range(_means_over_folds(trials_of("finetuning_ravdess"), folds=5)),
    "recipe-pretrained": lambda: _best_recipe(True),
    "recipe-scratch": lambda: _best_recipe(False),
    "labels-draws": lambda: str(_stored_labels()["draws"]),
    "labels-speakers": lambda: f"{_labels('h1, pretrained', 8) - _labels('h1, pretrained', 1):.1f}",
    "labels-gain": lambda: f"{_labels('h1, pretrained', 8) - _labels('h1, untrained', 8):.1f}",
    "recommended-wa": lambda: f"{mean_of_features(trials_of('pretraining_development')[RECOMMENDED]):.1f}",
}
_KINDS: dict[str, Callable[..., str]] = {
    "claim": _claim,
    "system": _system,
    "table1": _table1,
    "table2": _table2,
    "synthetic": _synthetic,
    "sample-skill": _sample_skill,
}
