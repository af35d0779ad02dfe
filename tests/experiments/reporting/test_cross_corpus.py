import dataclasses

import numpy as np
import pytest

from ser_fop.evaluation.by_corpus import scores_by_corpus
from ser_fop.experiments.reporting.cross_corpus import cross_corpus
from ser_fop.experiments.reporting.figures_csv import to_csv
from ser_fop.experiments.reporting.findings import finding
from ser_fop.experiments.reporting.headline import headline
from ser_fop.experiments.reporting.notes import notes
from ser_fop.experiments.reporting.sections import sections
from tests.evaluation.made_up import LABELS, drawn, predictions_of
from tests.experiments.reporting.empty_tables import empty_tables
from tests.experiments.reporting.test_runs import write_run

TITLES = {"one": "Corpus one", "two": "Corpus two"}
ACCURACIES = {"scratch": 0.8, "unlabelled": 0.9, "egemaps_svm": 0.4}


def of_corpus(corpus, generator, accuracy, seed):
    """Return predictions of eight speakers; those of corpus two have one utterance more of the first class."""
    found = predictions_of(
        drawn(generator, speakers=8, utterances=30 + (corpus == "two"), accuracy=accuracy), seed=seed
    )
    return [dataclasses.replace(item, id=f"{corpus}:{item.id}", speaker=f"{corpus}:{item.speaker}") for item in found]


def write_jobs(root, systems=ACCURACIES):
    """Write two repeats of the networks, one of the SVM; within a corpus all systems are better."""
    generator = np.random.default_rng(0)
    for system, accuracy in systems.items():
        for seed in (0, 1) if system != "egemaps_svm" else (0,):
            folder = root / f"seed-{seed}"
            for corpus in TITLES:
                found = of_corpus(corpus, generator, accuracy, seed)
                write_run(folder / f"cross-{system}-zero_shot-{corpus}", found, unmatched_utterances=3)
            found = [item for corpus in TITLES for item in of_corpus(corpus, generator, 0.95, seed)]
            write_run(folder / f"cross-{system}-within", found, corpora=scores_by_corpus(found, LABELS))
    return [root / "seed-0", root / "seed-1"]


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    return cross_corpus(write_jobs(tmp_path_factory.mktemp("runs")), TITLES)


@pytest.fixture
def tables(rows):
    further = {"title": "Corpus two", "labelled": 248, "hours": 0.5, "speakers": 8, "licence": "CC0"}
    second = {"title": "Speech", "hours": 1.0, "speakers": 4, "licence": "none"}
    return empty_tables(cross_corpus=rows, further_corpora=[further], unlabelled=second)


def test_rows_have_task_figures_and_comparison(rows):
    assert [row["corpus"] for row in rows] == ["one", "two"]
    two = rows[1]
    assert (two["n"], two["speakers"], two["classes"], two["unmatched"]) == (248, 8, list(LABELS), 3)
    assert two["chance"] == 0.5
    assert two["majority"] == pytest.approx(16 / 31)
    scratch, rival = two["systems"]["scratch"], two["systems"]["egemaps_svm"]
    assert (scratch["zero_shot"]["repeats"], rival["zero_shot"]["repeats"]) == (2, 1)
    interval = scratch["zero_shot"]["ua"]["over_speakers"]
    assert interval["low"] < scratch["zero_shot"]["ua"]["mean"] < interval["high"]
    assert scratch["against_rival"]["score"] == "wa"
    difference = scratch["zero_shot"]["wa"]["mean"] - rival["zero_shot"]["wa"]["mean"]
    assert scratch["against_rival"]["difference"] == pytest.approx(difference)
    assert scratch["against_rival"]["repeats"] == (2, 1)
    assert rival["against_rival"] == {}


def test_within_figures_are_those_of_the_corpus(rows):
    for row in rows:
        within = row["systems"]["scratch"]["within"]
        assert within["n"] == row["n"]
        assert within["ua"]["mean"] > row["systems"]["scratch"]["zero_shot"]["ua"]["mean"]
        assert within["ua"]["over_speakers"]["units"] == 8
        assert "ece" not in within
    one, two = (row["systems"]["scratch"]["within"]["ua"]["mean"] for row in rows)
    assert one != two


def test_unfinished_jobs_are_absent(tmp_path):
    assert cross_corpus([tmp_path / "seed-0"], TITLES) == []
    seeds = write_jobs(tmp_path, {"scratch": 0.8})
    rows = cross_corpus(seeds, {**TITLES, "three": "Corpus three"})
    assert [row["corpus"] for row in rows] == ["one", "two"]
    assert set(rows[0]["systems"]) == {"scratch"}
    assert rows[0]["systems"]["scratch"]["against_rival"] == {}
    ((header, lines),) = (
        (header, lines)
        for title, header, lines in sections(empty_tables(cross_corpus=rows))
        if title.startswith("Cross")
    )
    assert {len(line) for line in lines} == {len(header)}
    assert lines[0][-1] == ""


def test_section_and_sentence_state_the_figures(tables, rows):
    ((title, header, lines),) = (part for part in sections(tables) if part[0].startswith("Cross-corpus"))
    assert {len(line) for line in lines} == {len(header)} == {13}
    assert lines[1][:5] == ["Corpus two", "248, 8 (3 of other classes left out)", "2: calm, cross", "50.00", "51.61"]
    zero_shot = rows[1]["systems"]["scratch"]["zero_shot"]
    assert lines[1][5].startswith(f"{100 * zero_shot['ua']['mean']:.2f} ± ")
    assert f"({100 * zero_shot['wa']['mean']:.2f} ± " in lines[1][5]
    assert ", p 0.0078**" in lines[1][10]
    said = finding(title, tables)
    assert said.startswith("Mean UA on 2 corpora left out: FOP network from scratch has ")
    assert "pre-trained on Speech has " in said
    assert said.count("(WA above eGeMAPS, SVM beyond its interval on 2, below on 0)") == 2
    assert said.endswith("; chance has 50.0 %.")
    assert any("licence: CC0" in note for note in notes(tables))


def test_figures_csv_and_plot_have_every_system(tables):
    lines = [line.split(",") for line in to_csv(tables).splitlines()]
    assert sum(line[1] == "cross-corpus" for line in lines) == 2 * 3 * 2 * 3
    (plot,) = headline([], tables)
    for text in ("Corpus one: FOP network from scratch", "Corpus two: eGeMAPS, SVM"):
        assert text in plot.svg
    assert "Hollow diamonds: chance." in plot.caption


def test_report_without_further_corpora_has_none_of_it():
    tables = empty_tables(cross_corpus=[], further_corpora=[])
    assert not [title for title, _, _ in sections(tables) if "Cross-corpus" in title]
    assert not [note for note in notes(tables) if "ross-corpus" in note]
    assert "cross-corpus" not in to_csv(tables)
    assert list(headline([], tables)) == []
