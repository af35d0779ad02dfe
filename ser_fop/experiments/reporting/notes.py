"""Notes above the tables."""

from collections.abc import Mapping
from typing import Any

from ser_fop.experiments.config_diff import config_diff


def caution(tables: Mapping[str, Any]) -> str:
    """Return the sentence that keeps our figures and the paper's apart."""
    corpus, published = tables["corpus"], tables["paper_corpus"]
    if corpus["title"] == published:
        return f"All figures were measured on {published}. The paper's pretraining used the test speakers; ours did not, unless a row says transductive."
    kind = (
        "SYNTHETIC speech made by a program, not on any real corpus"
        if corpus["name"].startswith("synthetic")
        else f"{corpus['title']}, not on {published}"
    )
    classes = "" if len(corpus["labels"]) == 4 else f", {len(corpus['labels'])} classes here against 4 there"
    return (
        f"Our figures were measured on {kind}. The paper's were measured on {published}: other speech, other speakers{classes}."
        " The columns must not be compared as numbers."
    )


def notes(tables: Mapping[str, Any]) -> list[str]:
    """Return the notes above the tables."""
    corpus, second = tables["corpus"], tables["unlabelled"]
    lines = [
        f"Corpus: {corpus['title']}: {corpus['labelled']} labelled of {corpus['utterances']} utterances, {corpus['hours']:.2f} h,"
        f" {corpus['speakers']} speakers, classes {', '.join(corpus['labels'])}. Licence: {corpus['licence']}.",
        "WA is overall accuracy, UA is mean recall over classes. Figures are mean ± standard deviation over repeats; a repeat is a"
        " new initialisation, a new pretraining and a new classifier. One repeat has no standard deviation. In square brackets: the 95 %"
        " interval of the mean over speakers (bootstrap by speaker, expanded for few speakers).",
        "A claim is one comparison declared beforehand, averaged over repeats first, tested over speakers by flipping signs, two-sided:"
        " * p < .05, ** p < .01, *** p < .001. With n speakers no p is below 2 / 2^n: five speakers cannot earn a star.",
        *(
            [
                "The ensemble of all repeats averages the log-probabilities of their networks. It is one system of as many"
                " networks as repeats, without a standard deviation over repeats."
            ]
            if any(row.get("together") for row in tables["table1"])
            else []
        ),
        f"No setting is chosen on test speakers: {_chooser(tables['config'])}",
    ]
    below = [row for row in tables["pretraining"] if row["network"] != "untrained" and row["skill"]["mean"] < 0]
    if below:
        lines.append(
            f"A skill below zero means that {below[0].get('baseline_name') or below[0].get('against') or 'copying the last frame'} still does better: that"
            " pretraining was too short, and its rows do not measure the method."
        )
    if tables.get("systems"):
        lines += [
            "Systems that the paper compares with were built from public descriptions: “in the style of” says that not all of one"
            " was public. The paper copied its figures for them, from other experiments.",
            "All systems were tested on the same folds, and compared with FOP + Fine-tuning (pre-trained on the same speech) and with"
            f" nothing else{_twins(tables)}, two-sided, without correction for their number. A deterministic system has one repeat.",
            "Networks on frames were trained for the same number of epochs, with the same augmentation; the ladder network sees emotion"
            " labels in pretraining too. Epochs are the maximum of each network; parameters are those of the classifier. Hours are of one"
            " repeat, all folds, from prepared records to predictions; from the sounds for functionals, whose sets are computed together, and"
            " count whole in each of their rows.",
        ]
    if dev_speakers := tables["config"].get("dev_speakers"):
        lines.append(
            f"Settings had been tried out before on {len(dev_speakers)} of the {corpus['speakers']} speakers, for the FOP model and"
            " for no other system; Table 3 has figures without those speakers too."
        )
    if second:
        lines.insert(
            1,
            f"Second corpus, for pretraining only: {second['title']}: {second['hours']:.2f} h, {second['speakers']} speakers. Licence: {second['licence']}.",
        )
    return lines


def _twins(tables: Mapping[str, Any]) -> str:
    compared = any(row.get("against_control") for row in tables["systems"])
    return ", but variants of FOP with the same network from scratch" if compared else ""


def settings_notes(tables: Mapping[str, Any]) -> list[str]:
    """Return what departs from preset paper, here and in the experiments beside it."""
    beside = tables.get("presets", {}).items()
    return [
        _departures(tables["config"]),
        *(f"Settings `{name}`: {_departures(other['config'])}" for name, other in beside),
    ]


def _chooser(config: Mapping[str, Any]) -> str:
    """Return how settings are chosen, and on which speakers the final fit is made."""
    found = ["C is chosen on validation speakers"]
    if config["classifiers"].get("refit_on_validation"):
        found.append("which are then used for fitting too")
    if config["finetuning"].get("train_on_validation"):
        return ", ".join(found) + "; fine-tuning trains on them too, and keeps its last epoch, which is not selected."
    chosen = (
        "is the learning rate" if config["finetuning"].get("keep") == "last" else "are the epoch and the learning rate"
    )
    return ", ".join(found) + f"; so {chosen} of fine-tuning, where several are tried."


def _departures(config: Mapping[str, Any]) -> str:
    found = config_diff(config)
    if not found:
        return "Preset paper throughout: sizes and method of the paper and, where it is silent, the documented choices."
    listed = ", ".join(f"{key} {_said(ours)} (not {_said(paper)})" for key, (ours, paper) in found.items())
    return f"Departs from preset paper in {len(found)} settings: {listed}."


def _said(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
