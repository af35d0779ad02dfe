"""Damaged text files: manifests, lists, YAML, JSON and fold files end in an `InputError`, or are read."""

import contextlib
import itertools
import json

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ser_fop.config.parsing import parse
from ser_fop.config.stages import FinetuneConfig
from ser_fop.config.yaml_io import read_yaml
from ser_fop.corpora.base import ReadOptions
from ser_fop.corpora.csv_manifest import CORPUS
from ser_fop.corpora.folds import folds_of, read_folds, write_folds
from ser_fop.corpora.iemocap_evaluation import read_evaluation
from ser_fop.errors import InputError
from ser_fop.inference.inputs import recordings_of
from ser_fop.testing.fake_corpora import fake_csv
from ser_fop.utils.csv_io import CsvTable
from ser_fop.utils.json_io import read_json
from tests.robustness.mutations import mutate

SEEDS = 300


def outcomes(function, path, content, *, header=10_000):
    """Call a function on damaged files; return how many were refused. Any other error fails the test."""
    messages = []
    for seed in range(SEEDS):
        path.write_bytes(mutate(content, seed, header=header))
        try:
            function(path)
        except InputError as error:
            messages.append(str(error))
        except SystemExit as stop:  # an option is missing
            messages.append(str(stop.code))
    assert all(messages)
    return len(messages)


def test_damaged_manifests_are_read_or_refused(tmp_path):
    manifest = fake_csv(tmp_path)
    content = manifest.read_bytes()

    def read(path):
        return CORPUS.read(tmp_path / "audio", ReadOptions(manifest=path))

    assert 10 < outcomes(read, tmp_path / "damaged.csv", content) < SEEDS


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_damaged_lists_of_predict_are_read_or_refused(tmp_path, encoding):
    content = "file;start;end\nä.wav;0,5;1,5\nb.wav;;\n".encode(encoding)
    assert outcomes(lambda path: recordings_of([str(path)]), tmp_path / "list.csv", content) > 10


def test_damaged_yaml_is_read_or_refused(tmp_path):
    content = yaml.safe_dump(
        {"records": "r", "out": "o", "fold": 0, "training": {"epochs": 3, "batch_size": 8}, "model": {"layers": 2}}
    ).encode()

    def read(path):
        return parse("finetune", FinetuneConfig, ["--config", str(path), "--print_config"])

    assert 10 < outcomes(read, tmp_path / "config.yaml", content) < SEEDS


def test_damaged_json_is_read_or_refused(tmp_path):
    content = json.dumps({"stage": "finetune", "config": {"heard": ["a"], "epochs": 3}, "inputs": {}}).encode()
    assert 10 < outcomes(read_json, tmp_path / "config.json", content) < SEEDS


def test_damaged_fold_files_are_read_or_refused(tmp_path):
    write_folds(tmp_path / "folds.json", folds_of("mine", dict.fromkeys("abcdef", "")))
    content = (tmp_path / "folds.json").read_bytes()
    assert 10 < outcomes(read_folds, tmp_path / "damaged.json", content) < SEEDS


def test_damaged_evaluations_never_fail(tmp_path):
    content = b"[6.2901 - 8.2357]\tSes01F_impro01_F000\tneu\t[2.5000, 2.5000, 2.5000]\n" * 3
    for seed in range(SEEDS):
        (tmp_path / "a.txt").write_bytes(mutate(content, seed, header=200))
        found = read_evaluation(tmp_path, tmp_path, [])
        assert all(evaluation.label.isalpha() for evaluation in found.values())


@pytest.mark.parametrize(
    "text",
    [
        "a: 2024-99-99",  # an impossible date is a ValueError
        "a: " + "[" * 3000,  # deep nesting is a RecursionError
        "? [a]\n: b",
        "a: &x [*x]",
        "a: &a [1, 2, 3, 4, 5, 6, 7, 8, 9]\n"
        + "".join(f"{n}: &{n} [{', '.join(['*' + p] * 9)}]\n" for p, n in itertools.pairwise("abcdefgh")),
        "!!python/object/apply:os.system ['true']",
        "a: !!binary 'é'",
    ],
)
def test_yaml_that_fails_in_the_library_is_refused(tmp_path, text):
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(InputError, match=r"a\.yaml is not valid YAML"):
        read_yaml(tmp_path / "a.yaml")


def test_json_with_deep_nesting_is_refused(tmp_path):
    (tmp_path / "a.json").write_text("[" * 100_000)
    with pytest.raises(InputError, match="is not valid JSON"):
        read_json(tmp_path / "a.json")


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_content_of_a_csv_file_is_read_or_refused(tmp_path, content):
    (tmp_path / "a.csv").write_bytes(content)
    with contextlib.suppress(InputError):
        for _, row in CsvTable(tmp_path / "a.csv", expected=("file",)):
            assert all(isinstance(value, str) for value in row.values())
