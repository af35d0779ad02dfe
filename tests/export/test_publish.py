"""A run becomes a folder that others can use, with figures that are its recipe's and a card that says so."""

import json
import re
import shutil

import pytest
from ser_fop.pipelines import predict, publish

import ser_fop
from ser_fop.errors import InputError
from ser_fop.export.model_card import model_card
from ser_fop.export.provenance import history, require_same_recipe
from ser_fop.hub.networks import load_network, network_digest, network_spec
from tests.stages import MODEL, run

REFIT = ("--train-on-validation", "--keep", "last", "--epochs", "1")


@pytest.fixture(scope="module")
def runs(work, three_folds, tmp_path_factory):
    """A network for use, and two repeats of its recipe over three folds."""
    root = tmp_path_factory.mktemp("runs")
    librispeech, ravdess = (work / "records" / name for name in ("librispeech", "ravdess"))
    run("pretrain", "--records", librispeech, *MODEL, "--epochs", "1", "--out", root / "fop")
    common = ["--records", ravdess, "--pretrained", root / "fop", *REFIT]
    run("finetune", *common, "--fold", "none", "--out", root / "all")
    for seed in (0, 1):
        folds = ["--fold", "all", "--folds", three_folds, "--seed", seed]
        run("finetune", *common, *folds, "--out", root / f"folds-{seed}")
    scratch = ["--records", ravdess, *MODEL, *REFIT, "--fold", "all", "--folds", three_folds]
    run("finetune", *scratch, "--out", root / "scratch")
    return root


@pytest.fixture(scope="module")
def published(runs):
    figures = [str(runs / f"folds-{seed}") for seed in (0, 1)]
    arguments = ["--licence", "CC BY-NC-SA 4.0", "--notes", "One word.", "--out", str(runs / "models" / "emotion-toy")]
    compared = ["--figures", *figures, "--control", str(runs / "scratch")]
    assert publish.main(["--model", str(runs / "all"), *compared, *arguments]) == 0
    assert (
        publish.main(["--model", str(runs / "fop"), "--licence", "CC BY 4.0", "--out", str(runs / "models" / "fop")])
        == 0
    )
    return runs / "models"


class TestFolder:
    def test_holds_what_others_need(self, published):
        found = sorted(path.relative_to(published).as_posix() for path in published.glob("*/*"))
        names = ["1", "MODEL_CARD.md", "config.json", "metrics.json"]
        assert found == [f"{model}/{name}" for model in ("emotion-toy", "fop") for name in names]

    def test_names_no_place_of_the_machine(self, published, runs):
        for path in published.glob("*/*.*"):
            assert str(runs) not in path.read_text(), path

    def test_answers_and_is_learned_from(self, published, work, tmp_path):
        sound = next((work / "audio" / "ravdess").rglob("*.wav"))
        assert ser_fop.load(published / "emotion-toy").predict(sound).emotion
        assert ser_fop.load(published / "fop").hypercolumns(sound)["pooled_h1"].shape == (16,)
        common = ["--records", work / "records" / "ravdess", "--pretrained", published / "fop"]
        run("finetune", *common, "--epochs", "1", "--out", tmp_path / "ft")
        run("extract", *common, "--out", tmp_path / "hyper")
        seen_speakers = json.loads((tmp_path / "hyper" / "config.json").read_text())["seen_speakers"]
        assert seen_speakers == list(network_spec(published / "fop").seen_speakers)


class TestCard:
    def test_figures_are_those_of_the_repeats(self, published, runs):
        card = (published / "emotion-toy" / "MODEL_CARD.md").read_text()
        repeats = [json.loads((runs / f"folds-{seed}" / "metrics.json").read_text())["ua"] for seed in (0, 1)]
        assert f"UA: mean recall over classes, % | {50 * sum(repeats):.1f} |" in card
        assert "over 3 speaker-disjoint folds, 2 repeats" in card
        assert len(re.findall(r"^\| (neutral|calm|happy|sad|angry|fearful|disgust|surprised) \|", card, re.M)) == 8

    def test_the_control_stands_beside_them(self, published, runs):
        card = (published / "emotion-toy" / "MODEL_CARD.md").read_text()
        ua = json.loads((runs / "scratch" / "metrics.json").read_text())["ua"]
        assert f"control: UA without pretraining, %, 1 repeat | {100 * ua:.1f} |" in card
        assert "- One word." in card

    def test_says_nothing_of_what_was_not_done(self, published):
        described = json.loads((published / "emotion-toy" / "config.json").read_text())
        metrics = json.loads((published / "emotion-toy" / "metrics.json").read_text())
        spec = network_spec(published / "emotion-toy")
        assert "pretrained by Future" in model_card(spec, described, metrics)
        scratch = model_card(spec, {**described, "made": described["made"][1:]}, {**metrics, "control": {}})
        assert "trained from scratch" in scratch
        assert "control:" not in scratch

    def test_says_what_it_must(self, published):
        card = (published / "emotion-toy" / "MODEL_CARD.md").read_text()
        for words in (
            "CC BY-NC-SA 4.0",
            "Not for decisions about people",
            "acted speech",
            "24 speakers of RAVDESS",
            "LibriSpeech",
        ):
            assert words in card
        assert "Skill" in (published / "fop" / "MODEL_CARD.md").read_text()
        assert "What it is worth" not in (published / "fop" / "MODEL_CARD.md").read_text()

    def test_tells_how_it_was_made(self, published):
        made = json.loads((published / "emotion-toy" / "config.json").read_text())["made"]
        assert [stage["stage"] for stage in made] == ["pretrain", "finetune"]
        assert all(stage["versions"]["tensorflow"] for stage in made)


class TestProvenance:
    def test_another_recipe_is_refused(self, runs, work, three_folds, tmp_path):
        common = ["--records", work / "records" / "ravdess", "--pretrained", runs / "fop", *REFIT]
        folds = ["--fold", "all", "--folds", three_folds]
        run("finetune", *common, *folds, "--pooling", "mean_std", "--out", tmp_path / "other")
        with pytest.raises(InputError, match=r"training\.pooling of finetune is 'mean_std' there and 'mean'"):
            require_same_recipe(runs / "all", [tmp_path / "other"])

    def test_another_pretraining_is_refused(self, runs, work, three_folds, tmp_path):
        common = ["--records", work / "records" / "ravdess", "--pretrained", work / "transductive", *REFIT]
        run(
            "pretrain",
            "--records",
            work / "records" / "librispeech",
            *MODEL,
            "--epochs",
            "0",
            "--out",
            tmp_path / "fop",
        )
        common[3] = tmp_path / "fop"
        run("finetune", *common, "--fold", "all", "--folds", three_folds, "--out", tmp_path / "other")
        with pytest.raises(InputError, match=r"training\.epochs of pretrain is 0 there and 1"):
            require_same_recipe(runs / "all", [tmp_path / "other"])

    def test_an_option_younger_than_a_run_has_its_default(self, runs, tmp_path):
        shutil.copytree(runs / "folds-0", tmp_path / "old")
        config = json.loads((tmp_path / "old" / "config.json").read_text())
        del config["config"]["training"]["keep"]  # `last` here, `loss` by default
        (tmp_path / "old" / "config.json").write_text(json.dumps(config))
        with pytest.raises(InputError, match=r"training\.keep of finetune is 'loss' there and 'last'"):
            require_same_recipe(runs / "all", [tmp_path / "old"])
        config["config"]["training"]["keep"] = "last"
        del config["config"]["training"]["focal_gamma"]
        (tmp_path / "old" / "config.json").write_text(json.dumps(config))
        require_same_recipe(runs / "all", [tmp_path / "old"])

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"transductive": True}, "are no results"),
            ({"selected_on": "test"}, "are no results"),
            ({"labels": ["a", "b"]}, "are of other classes"),
        ],
    )
    def test_dishonest_figures_are_refused(self, runs, tmp_path, change, said):
        shutil.copytree(runs / "folds-0", tmp_path / "other")
        path = tmp_path / "other" / "metrics.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
        with pytest.raises(InputError, match=said):
            require_same_recipe(runs / "all", [tmp_path / "other"])

    def test_another_network_in_the_pretrained_ones_place_is_told(self, runs, tmp_path):
        shutil.copytree(runs / "all", tmp_path / "all")
        path = tmp_path / "all" / "config.json"
        path.write_text(path.read_text().replace(str(runs / "fop"), str(runs / "folds-0" / "fold-0")))
        with pytest.raises(InputError, match="another network stands there now"):
            history(tmp_path / "all")

    def test_figures_of_one_fold_are_refused(self, runs):
        with pytest.raises(InputError, match="of one fold"):
            require_same_recipe(runs / "all", [runs / "folds-0" / "fold-0"])

    def test_a_published_model_keeps_its_history(self, published):
        assert [labelled_speakers["stage"] for labelled_speakers in history(published / "emotion-toy")] == [
            "pretrain",
            "finetune",
        ]

    def test_history_begins_with_the_pretraining(self, runs):
        assert [labelled_speakers["stage"] for labelled_speakers in history(runs / "folds-0" / "fold-1")] == [
            "pretrain",
            "finetune",
        ]


class TestPlace:
    """What stands at `--out` is replaced where it is a published model, and nothing else ever is."""

    def test_a_folder_of_another_kind_is_left_alone(self, runs, tmp_path, capsys):
        (tmp_path / "thesis").mkdir()
        (tmp_path / "thesis" / "thesis.txt").write_text("years of work")
        for out in (tmp_path / "thesis", runs / "fop"):
            assert publish.main(["--model", str(runs / "fop"), "--licence", "x", "--out", str(out)]) == 2
            assert "holds something that is no published model" in capsys.readouterr().err
        assert (tmp_path / "thesis" / "thesis.txt").exists()
        assert (runs / "fop" / "COMPLETED").exists()

    def test_a_published_model_is_replaced(self, runs, published, tmp_path):
        shutil.copytree(published / "fop", tmp_path / "fop")
        arguments = ["--model", str(runs / "fop"), "--licence", "another", "--out", str(tmp_path / "fop")]
        assert publish.main(arguments) == 0
        assert "**another**" in (tmp_path / "fop" / "MODEL_CARD.md").read_text()
        assert [path.name for path in tmp_path.iterdir()] == ["fop"]


class TestNames:
    """A model that comes with the package stands where a path may."""

    @pytest.fixture
    def with_the_package(self, published, monkeypatch):
        found = {path.name: path for path in published.iterdir()}
        monkeypatch.setattr("ser_fop.hub.published.published_models", lambda: found)
        return published

    def test_of_a_network(self, with_the_package):
        _, spec = load_network("fop")
        assert spec.kind == "frame_predictor"
        assert network_digest("fop") == network_digest(with_the_package / "fop" / "1")
        assert network_spec("emotion-toy").labels[0] == "neutral"

    def test_of_what_answers(self, with_the_package, work, capsys):
        sound = next((work / "audio" / "ravdess").rglob("*.wav"))
        assert predict.main(["--model", "emotion-toy", "--json", str(sound)]) == 0
        answer = json.loads(capsys.readouterr().out)
        assert answer["emotion"] == ser_fop.load(with_the_package / "emotion-toy").predict(sound).emotion

    def test_a_path_goes_first(self, with_the_package, tmp_path, monkeypatch):
        shutil.copytree(with_the_package / "fop", tmp_path / "emotion-toy")
        monkeypatch.chdir(tmp_path)
        assert not network_spec("emotion-toy").labels
