import csv
import json

import numpy as np
import pytest
from ser_fop.pipelines import probe

from ser_fop.data.records import Records
from ser_fop.hypercolumns.pooled_features import ARRAYS, read_pooled
from ser_fop.testing.toy_features import write_toy_features
from ser_fop.testing.toy_records import toy_utterances, write_toy_records
from ser_fop.utils.json_io import read_json
from tests.stages import eager_steps

pytestmark = pytest.mark.slow  # extractions, probes and fine-tunings of one page

QUICK = ["--classifiers.svm-c", "1", "--classifiers.logistic-c", "0.01", "--finetuning.epochs", "1"]
QUICK += ["--seeds", "2", "--workers", "1"]


def run_probe(*arguments):
    with eager_steps():
        return probe.main([str(argument) for argument in (*arguments, *QUICK)])


@pytest.fixture(scope="module")
def probed(work, three_folds, built_once):
    """Return the folder of a probe of two repeats of a network, with functionals."""

    def build(root):
        records = work / "records" / "ravdess"
        functionals = write_toy_features(root / "functionals", Records(records), width=8)
        networks = [f"toy={work / 'inductive'}", f"toy={work / 'transductive'}"]
        options = ["--records", records, "--folds", three_folds, "--functionals", functionals, "--out", root / "probe"]
        assert run_probe("--pretrained", *networks, *options, "--labelled-speakers", "4", "0") == 0

    return built_once("probed", build) / "probe"


def test_every_start_layer_and_number_of_speakers_is_scored(probed):
    scores = read_json(probed / "probe.json")["scores"]
    found = {(one["start"], one["task"]): one for one in scores}
    endings = [f"{pooling}/{kind}" for pooling in ("mean", "mean_std") for kind in ("linear", "rbf")]
    layers = {("pretrained", f"{layer}/{ending}") for layer in ("F", "h1", "h2") for ending in endings}
    twins = {("untrained", f"{layer}/{ending}") for layer in ("h1", "h2") for ending in endings}
    finetuned = {(start, count) for start in ("pretrained", "untrained") for count in (4, 0)}
    assert layers | twins | finetuned <= set(found)
    assert {task for start, task in found if start == "functionals"} == {"F//linear", "F//rbf"}
    assert found["pretrained", "h1/mean/linear"]["repeats"] == 2
    assert found["pretrained", "F/mean/linear"]["repeats"] == 1  # the input is equal for all repeats
    assert {one["speakers"] for one in scores} == {24}


def test_gains_are_differences_of_the_scores(probed):
    figures = read_json(probed / "probe.json")
    ua = {(one["start"], one["task"]): one["ua"] for one in figures["scores"]}
    assert len(figures["gains"]) == 10
    for gain in figures["gains"]:
        expected = ua["pretrained", gain["task"]] - ua["untrained", gain["task"]]
        np.testing.assert_allclose(gain["pooled"]["difference"], expected, atol=1e-12)
        assert gain["pooled"]["interval"]["low"] <= gain["pooled"]["interval"]["high"]


def test_twins_share_statistics_and_differ_in_weights(probed):
    folders = probed / "features" / "toy" / "ravdess"
    trained, one, other = (
        read_pooled(folders / name / ARRAYS).arrays for name in ("pretrained-0", "untrained-0", "untrained-1")
    )
    np.testing.assert_allclose(trained["F"], one["F"], rtol=1e-5, atol=1e-6)
    for first, second in ((trained, one), (one, other)):
        assert np.abs(first["h1"] - second["h1"]).max() > 0.01


def test_both_starts_are_finetuned_on_the_same_few_speakers(probed):
    runs = {
        name: probed / "finetuned" / "toy" / "ravdess" / "4" / name
        for name in ("pretrained-1-network-1", "untrained-1")
    }
    folds = [read_json(run / "fold-0" / "config.json")["config"]["folds"] for run in runs.values()]
    assert folds[0] == folds[1]
    drawn = [read_json(probed / "folds" / f"ravdess-4-{repeat}.json")["folds"] for repeat in (0, 1)]
    assert all(len(fold["train"]) == 4 for folds in drawn for fold in folds)
    assert drawn[0] != drawn[1]


def test_page_opens_with_sentences_and_needs_no_network(probed):
    page = (probed / "probe.html").read_text()
    assert page.index("of 8 probes, pretraining raises") < page.index("<svg")
    assert page.count("<svg") == 1 + 1 + 4
    assert "http" not in page.replace("http://www.w3.org", "")
    assert "transductive" in page
    assert "left out" not in page


def test_a_finished_probe_is_not_run_again_and_can_be_extended(probed, work, three_folds, capsys):
    with (probed / "probes" / "functionals" / "ravdess" / "answers.csv").open() as file:
        assert len(list(csv.DictReader(file))) > 0
    networks = [f"toy={work / 'inductive'}", f"toy={work / 'transductive'}"]
    options = ["--records", work / "records" / "ravdess", "--folds", three_folds]
    options += ["--functionals", probed.parent / "functionals", "--out", probed]
    before = {path: path.stat().st_mtime_ns for path in probed.rglob("COMPLETED")}
    assert run_probe("--pretrained", *networks, *options, "--labelled-speakers", "4") == 0
    assert {path: path.stat().st_mtime_ns for path in probed.rglob("COMPLETED")} == before
    assert "jobs, " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--pretrained", "a/b="], "expected NAME=PATH or PATH"),
        (["--labelled-speakers", "1"], "expected 2 or more, or 0 for all, received 1"),
        (["--folds", "FOLDS", "FOLDS"], "expected one fold file for each of ravdess at most"),
        (["--finetuning.learning-rates", "1e-3", "1e-4"], "--labelled-speakers expected one learning rate"),
        (["--seeds", "0"], "--seeds expected at least 1, received 0"),
        (["--probes"], "--probes expected at least one"),
        (["--pretrained", "fop-librispeech"], "expected a folder with the features of 'fop-librispeech'"),
    ],
)
def test_wrong_options_are_refused_in_one_line(work, three_folds, tmp_path, capsys, options, message):
    options = [str(three_folds) if option == "FOLDS" else option for option in options]
    basic = {"--pretrained": [work / "inductive"], "--records": [work / "records" / "ravdess"]}
    basic |= {options[0]: options[1:]}
    arguments = [text for name, values in basic.items() for text in (name, *values)]
    assert probe.main([*map(str, arguments), "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_edited_folds_are_refused(probed, work, three_folds, tmp_path, capsys):
    other = tmp_path / "folds.json"
    content = read_json(three_folds)
    content["folds"] = content["folds"][::-1]
    other.write_text(json.dumps(content))
    networks = [f"toy={work / 'inductive'}", f"toy={work / 'transductive'}"]
    options = ["--records", work / "records" / "ravdess", "--folds", other, "--out", probed]
    assert run_probe("--pretrained", *networks, *options, "--labelled-speakers", "4") == 2
    assert "holds other folds than those of now" in capsys.readouterr().err


def test_records_that_no_network_reads_are_refused(work, tmp_path, capsys):
    other = write_toy_records(tmp_path / "other", toy_utterances(per_speaker=4), corpus="other")
    records = ["--records", str(work / "records" / "ravdess"), str(other.folder)]
    arguments = ["--pretrained", str(work / "inductive"), *records, "--out", str(tmp_path / "out")]
    assert probe.main(arguments) == 2
    assert "has those of none" in capsys.readouterr().err
