"""Published models: folder, model card and provenance of the figures."""

import dataclasses
import json
import re
import shutil

import pytest
from ser_fop.pipelines import predict, publish

import ser_fop
from ser_fop.corpora.folds import speaker_folds, write_folds
from ser_fop.data.records import Records
from ser_fop.errors import InputError
from ser_fop.export.model_card import model_card
from ser_fop.export.provenance import history, require_same_recipe
from ser_fop.hub.networks import load_network, network_digest, network_spec
from tests.stages import MODEL, run

pytestmark = pytest.mark.slow  # seven trainings and three exports
REFIT = ("--train-on-validation", "--keep", "last", "--epochs", "1")


@pytest.fixture(scope="module")
def runs(work, tmp_path_factory):
    """A network trained on all speakers, and two repeats of its recipe over two folds."""
    root = tmp_path_factory.mktemp("runs")
    two_folds = root / "two_folds.json"
    three = speaker_folds("ravdess", Records(work / "records" / "ravdess").speakers, count=3)
    write_folds(two_folds, dataclasses.replace(three, folds=three.folds[:2]))
    librispeech, ravdess = (work / "records" / name for name in ("librispeech", "ravdess"))
    run("pretrain", "--records", librispeech, *MODEL, "--epochs", "1", "--out", root / "fop")
    common = ["--records", ravdess, "--pretrained", root / "fop", *REFIT]
    run("finetune", *common, "--fold", "none", "--out", root / "all")
    for seed in (0, 1):
        folds = ["--fold", "all", "--folds", two_folds, "--seed", seed]
        run("finetune", *common, *folds, "--out", root / f"folds-{seed}")
    scratch = ["--records", ravdess, *MODEL, *REFIT, "--fold", "all", "--folds", two_folds]
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
    def test_publish_writes_model_card_config_and_metrics(self, published):
        found = sorted(path.relative_to(published).as_posix() for path in published.glob("*/*"))
        names = ["1", "MODEL_CARD.md", "config.json", "metrics.json"]
        plots = ["emotion-toy/risk_coverage.svg"]
        assert found == sorted([f"{model}/{name}" for model in ("emotion-toy", "fop") for name in names] + plots)

    def test_published_files_contain_no_absolute_paths(self, published, runs):
        for path in published.glob("*/*.*"):
            assert str(runs) not in path.read_text(), path

    def test_published_models_predict_and_finetune(self, published, work, tmp_path):
        sound = next((work / "audio" / "ravdess").rglob("*.wav"))
        assert ser_fop.load(published / "emotion-toy", detect_speech=False).predict(sound).emotion
        assert ser_fop.load(published / "fop").hypercolumns(sound)["pooled_h1"].shape == (16,)
        common = ["--records", work / "records" / "ravdess", "--pretrained", published / "fop"]
        run("finetune", *common, "--epochs", "1", "--out", tmp_path / "ft")
        run("extract", *common, "--out", tmp_path / "hyper")
        seen_speakers = json.loads((tmp_path / "hyper" / "config.json").read_text())["seen_speakers"]
        assert seen_speakers == list(network_spec(published / "fop").seen_speakers)


class TestCard:
    def test_card_figures_are_means_over_repeats(self, published, runs):
        card = (published / "emotion-toy" / "MODEL_CARD.md").read_text()
        repeats = [json.loads((runs / f"folds-{seed}" / "metrics.json").read_text())["ua"] for seed in (0, 1)]
        assert f"UA: mean recall over classes, % | {50 * sum(repeats):.1f} |" in card
        assert "over 2 speaker-disjoint folds, 2 repeats" in card
        assert len(re.findall(r"^\| (neutral|calm|happy|sad|angry|fearful|disgust|surprised) \|", card, re.M)) == 8

    def test_card_shows_control_and_notes(self, published, runs):
        card = (published / "emotion-toy" / "MODEL_CARD.md").read_text()
        ua = json.loads((runs / "scratch" / "metrics.json").read_text())["ua"]
        assert f"control: UA without pretraining, %, 1 repeat | {100 * ua:.1f} |" in card
        assert "- One word." in card

    def test_card_from_scratch_omits_pretraining_and_control(self, published):
        described = json.loads((published / "emotion-toy" / "config.json").read_text())
        metrics = json.loads((published / "emotion-toy" / "metrics.json").read_text())
        spec = network_spec(published / "emotion-toy")
        assert "pretrained by Future" in model_card(spec, described, metrics)
        scratch = model_card(spec, {**described, "made": described["made"][1:]}, {**metrics, "control": {}})
        assert "trained from scratch" in scratch
        assert "control:" not in scratch

    def test_card_states_licence_data_and_limits(self, published):
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
        assert "## Results" not in (published / "fop" / "MODEL_CARD.md").read_text()

    def test_config_lists_stages_with_versions(self, published):
        made = json.loads((published / "emotion-toy" / "config.json").read_text())["made"]
        assert [stage["stage"] for stage in made] == ["pretrain", "finetune"]
        assert all(stage["versions"]["tensorflow"] for stage in made)


class TestProvenance:
    @staticmethod
    def changed_copy(folder, out, change):
        """Copy a run folder and change the text of each `config.json` in it."""
        shutil.copytree(folder, out)
        for path in out.rglob("config.json"):
            path.write_text(change(path.read_text()))
        return out

    def test_require_same_recipe_rejects_other_finetuning(self, runs, tmp_path):
        other = self.changed_copy(
            runs / "folds-0",
            tmp_path / "other",
            lambda text: text.replace('"pooling": "mean"', '"pooling": "mean_std"'),
        )
        with pytest.raises(
            InputError, match=r"training\.pooling of finetune expected 'mean' as in .*received 'mean_std'"
        ):
            require_same_recipe(runs / "all", [other])

    def test_require_same_recipe_rejects_other_pretraining(self, runs, tmp_path):
        fop = self.changed_copy(
            runs / "fop", tmp_path / "fop", lambda text: text.replace('"epochs": 1', '"epochs": 0', 1)
        )
        other = self.changed_copy(
            runs / "folds-0", tmp_path / "other", lambda text: text.replace(str(runs / "fop"), str(fop))
        )
        with pytest.raises(InputError, match=r"training\.epochs of pretrain expected 1 as in .*received 0"):
            require_same_recipe(runs / "all", [other])

    def test_require_same_recipe_missing_option_means_default(self, runs, tmp_path):
        shutil.copytree(runs / "folds-0", tmp_path / "old")
        config = json.loads((tmp_path / "old" / "config.json").read_text())
        del config["config"]["training"]["keep"]  # `last` here, `loss` by default
        (tmp_path / "old" / "config.json").write_text(json.dumps(config))
        with pytest.raises(InputError, match=r"training\.keep of finetune expected 'last' as in .*received 'loss'"):
            require_same_recipe(runs / "all", [tmp_path / "old"])
        config["config"]["training"]["keep"] = "last"
        del config["config"]["training"]["focal_gamma"]
        (tmp_path / "old" / "config.json").write_text(json.dumps(config))
        require_same_recipe(runs / "all", [tmp_path / "old"])

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"transductive": True}, "are not valid"),
            ({"selected_on": "test"}, "are not valid"),
            ({"labels": ["a", "b"]}, "which has other classes"),
        ],
    )
    def test_require_same_recipe_rejects_invalid_figures(self, runs, tmp_path, change, message):
        shutil.copytree(runs / "folds-0", tmp_path / "other")
        path = tmp_path / "other" / "metrics.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
        with pytest.raises(InputError, match=message):
            require_same_recipe(runs / "all", [tmp_path / "other"])

    def test_history_changed_pretrained_network_fails(self, runs, tmp_path):
        shutil.copytree(runs / "all", tmp_path / "all")
        path = tmp_path / "all" / "config.json"
        path.write_text(path.read_text().replace(str(runs / "fop"), str(runs / "folds-0" / "fold-0")))
        with pytest.raises(InputError, match="received another network"):
            history(tmp_path / "all")

    def test_require_same_recipe_accepts_one_fold_and_no_run_without_test(self, runs):
        require_same_recipe(runs / "all", [runs / "folds-0" / "fold-0"])
        with pytest.raises(InputError, match="expected figures of a run that tested speakers"):
            require_same_recipe(runs / "all", [runs / "all"])

    def test_history_of_published_model_lists_stages(self, published):
        assert [stage["stage"] for stage in history(published / "emotion-toy")] == [
            "pretrain",
            "finetune",
        ]

    def test_history_of_run_starts_with_pretraining(self, runs):
        assert [stage["stage"] for stage in history(runs / "folds-0" / "fold-1")] == [
            "pretrain",
            "finetune",
        ]


class TestOut:
    """`publish` replaces `--out` only if it is a published model."""

    def test_publish_keeps_folder_with_other_files(self, runs, tmp_path, capsys):
        (tmp_path / "thesis").mkdir()
        (tmp_path / "thesis" / "thesis.txt").write_text("years of work")
        for out in (tmp_path / "thesis", runs / "fop"):
            assert publish.main(["--model", str(runs / "fop"), "--licence", "x", "--out", str(out)]) == 2
            assert "expected an empty folder or a published model" in capsys.readouterr().err
        assert (tmp_path / "thesis" / "thesis.txt").exists()
        assert (runs / "fop" / "COMPLETED").exists()

    def test_publish_replaces_published_model(self, runs, published, tmp_path, monkeypatch):
        monkeypatch.setattr(
            "ser_fop.pipelines.export.verify", lambda model, golden, *, kind="": 0.0
        )  # other tests verify
        shutil.copytree(published / "fop", tmp_path / "fop")
        arguments = ["--model", str(runs / "fop"), "--licence", "another", "--out", str(tmp_path / "fop")]
        assert publish.main(arguments) == 0
        assert "**another**" in (tmp_path / "fop" / "MODEL_CARD.md").read_text()
        assert [path.name for path in tmp_path.iterdir()] == ["fop"]


class TestNames:
    """The name of a published model is accepted instead of a path."""

    @pytest.fixture
    def packaged_models(self, published, monkeypatch):
        found = {path.name: path for path in published.iterdir()}
        monkeypatch.setattr("ser_fop.hub.published.published_models", lambda: found)
        return published

    def test_load_network_accepts_name(self, packaged_models):
        _, spec = load_network("fop")
        assert spec.kind == "frame_predictor"
        assert network_digest("fop") == network_digest(packaged_models / "fop" / "1")
        assert network_spec("emotion-toy").labels[0] == "neutral"

    def test_predict_accepts_name(self, packaged_models, work, capsys):
        sound = next((work / "audio" / "ravdess").rglob("*.wav"))
        assert predict.main(["--model", "emotion-toy", "--no-detect-speech", "--json", str(sound)]) == 0
        answer = json.loads(capsys.readouterr().out)
        assert (
            answer["emotion"]
            == ser_fop.load(packaged_models / "emotion-toy", detect_speech=False).predict(sound).emotion
        )

    def test_existing_path_has_priority_over_name(self, packaged_models, tmp_path, monkeypatch):
        shutil.copytree(packaged_models / "fop", tmp_path / "emotion-toy")
        monkeypatch.chdir(tmp_path)
        assert not network_spec("emotion-toy").labels
