"""The middle of each training script runs as a standalone Keras program."""

import ast
import importlib
import inspect
import textwrap

import keras
import numpy as np
import pytest

from tests.stages import MODEL

PRETRAIN = """
config = parse("pretrain", PretrainConfig, ["--records", RECORDS, "--out", OUT, "--epochs", "1", *MODEL])
settings = config.training
records = [Records(folder) for folder in config.records]
held_out, distribution = HeldOutSpeakers(), Distribution("none")
stage = open_stage("pretrain", out=config.out, config=config, inputs={"records": config.records})
"""
FINETUNE = """
config = parse("finetune", FinetuneConfig, ["--records", RECORDS, "--out", OUT, "--epochs", "1", *MODEL])
settings = config.training
(folder,) = config.records
records = Records(folder)
fold = finetuning_folds(records, path=None).folds[0]
stage = open_stage("finetune", out=config.out, config=config, inputs={"records": config.records})
"""
PREAMBLE = "from ser_fop.config.parsing import parse\nfrom ser_fop.utils.run_folder import open_stage\n"


def imports_of(module):
    """Return the import lines of a script."""
    source = inspect.getsource(module)
    nodes = [node for node in ast.parse(source).body if isinstance(node, ast.Import | ast.ImportFrom)]
    return "\n".join(ast.unparse(node) for node in nodes)


def middle_of(function):
    """Return the lines of a script's function from its dataset to its trained network."""
    source = inspect.getsource(function)
    assert [line.split()[2].rstrip(":,") for line in source.splitlines() if line.strip().startswith("# ---")] == [
        "dataset",
        "model",
        "compile",
        "fit",
        "save",
    ]
    start = source.index("    # --- dataset")
    return textwrap.dedent(source[start : source.index("    # --- save")])


@pytest.mark.parametrize(("name", "preamble"), [("pretrain", PRETRAIN), ("finetune", FINETUNE)])
@pytest.mark.slow  # traces a training
def test_middle_of_script_trains_a_keras_model(name, preamble, work, tmp_path):
    script = importlib.import_module(f"ser_fop.pipelines.{name}")
    notebook = imports_of(script) + "\n" + PREAMBLE + preamble + middle_of(getattr(script, name))
    variables = {"RECORDS": str(work / "records" / "ravdess"), "OUT": str(tmp_path / "out"), "MODEL": MODEL}
    exec(compile(notebook, f"{name}_notebook.py", "exec"), variables)
    model = variables["model"]
    assert isinstance(model, keras.Model)
    inputs = {"mel": np.zeros((1, 12, 80), np.float32), "mask": np.ones((1, 12), bool)}
    assert np.isfinite(model.predict(inputs, verbose=0)).all()
    assert not (tmp_path / "out").exists(), "only the last paragraph saves"


def test_middle_of_script_without_paragraph_is_rejected():
    def pretrain():
        # --- dataset
        # --- save
        pass

    with pytest.raises(AssertionError):
        middle_of(pretrain)
