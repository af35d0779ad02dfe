from pathlib import Path

import pytest

from ser_fop.config.corpus_stages import PrepareConfig
from ser_fop.config.parsing import parse
from ser_fop.config.stages import FinetuneConfig
from ser_fop.experiments.reproduce_config import ReproduceConfig
from tests.stage_options import CONFIGS, REQUIRED

PIPELINES = Path(__file__).parents[2] / "pipelines"
RECIPES = PIPELINES / "recipes"


def experiment(path):
    return parse("reproduce", ReproduceConfig, ["--config", str(path), "--out", "o"])


def recipe(name, stage, config):
    return parse(stage, config, ["--config", str(RECIPES / f"{name}.yaml"), *REQUIRED[stage]])


@pytest.mark.parametrize("path", sorted((PIPELINES / "experiments").glob("*.yaml")), ids=lambda path: path.stem)
def test_parse_accepts_the_experiments_of_the_package(path):
    assert experiment(path).out == Path("o")


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.yaml")), ids=lambda path: path.stem)
def test_parse_accepts_the_recipes_of_the_package(path):
    kind = path.stem.rpartition("_")[2]
    stage = {"finetuning": "finetune", "pretraining": "pretrain", "records": "prepare"}.get(kind, kind)
    required = REQUIRED[stage]
    assert parse(stage, CONFIGS[stage], ["--config", str(path), *required]) != parse(stage, CONFIGS[stage], required)


def test_experiment_of_the_common_model_has_its_recipe():
    found = experiment(PIPELINES / "experiments" / "common.yaml")
    published = recipe("common_finetuning", "finetune", FinetuneConfig)
    records = recipe("common_records", "prepare", PrepareConfig)
    assert (found.model, found.finetuning) == (published.model, published.training)
    assert (found.features, found.renditions) == (records.features, records.renditions)
    streamed = recipe("stream_finetuning", "finetune", FinetuneConfig)
    assert found.finetuning != streamed.training
