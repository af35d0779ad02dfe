"""Inference models of run folders."""

import dataclasses
from pathlib import Path
from typing import Any

from ser_fop.corpora.targets import EMOTION
from ser_fop.data.records import MANIFEST
from ser_fop.errors import InputError
from ser_fop.hub.networks import load_network, network_digest
from ser_fop.hypercolumns.classifiers import read_estimator
from ser_fop.hypercolumns.fitted import ESTIMATOR
from ser_fop.inference.heads import head_of
from ser_fop.inference.inference_model import InferenceModel
from ser_fop.utils.json_io import read_json
from ser_fop.utils.run_folder import METRICS, require_complete
from ser_fop.utils.stored_paths import stored_paths

_STAGES = ("pretrain", "finetune", "classify")


def inference_model_of(run: Path) -> InferenceModel:
    """Build the inference model of a run folder.

    Args:
        run: Run folder of `pretrain`, `finetune` or `classify`, of one fold. A `pretrain` run gives only hypercolumns.

    Returns:
        The inference model. The `seen_speakers` of its spec include the speakers of the classifier.

    Raises:
        InputError: If the folder contains no finished run, or one of its inputs is missing or has changed.
    """
    config = require_complete(run, _STAGES)
    folds = sorted(path.name for path in run.glob("fold-*"))
    if folds:
        raise InputError(f"{run} contains one run per fold: give the run of one fold, such as {run / folds[0]}.")
    if (run / ESTIMATOR).exists():
        return _with_estimator(run, config)
    if not config["config"].get("keep_classifier", True):
        raise InputError(
            f"{run} contains no classifier: it was written with keep_classifier false, as `ser-fop reproduce` does."
            " Run `ser-fop classify` with another --out, or `ser-fop reproduce --keep-classifiers`."
        )
    network, spec = load_network(run)
    return InferenceModel(network, spec)


def _with_estimator(run: Path, config: dict[str, Any]) -> InferenceModel:
    """Combine a scikit-learn classifier with the network that computed its training features."""
    code = config["config"].get("code", "none")
    if code != "none":
        raise InputError(
            f"{run} uses a {code} code of the features, which has no TensorFlow form: run `ser-fop classify` without"
            " --code."
        )
    # Several folders were computed by one network, with the same front end.
    hypercolumns = stored_paths(config["sources"]["hypercolumns"])[0]
    extracted = require_complete(hypercolumns, "extract")
    pretrained, records = (Path(extracted["sources"][name]) for name in ("pretrained", "records"))
    for path, what in ((pretrained, "the network"), (records / MANIFEST, "the front end")):
        if not path.exists():
            raise InputError(f"{run} needs {what} from {path}, which does not exist. Run the previous stages again.")
    if [network_digest(pretrained)] != extracted["inputs"]["pretrained"]:
        raise InputError(f"{pretrained} has changed since {hypercolumns} was extracted. Run `ser-fop extract` again.")
    network, spec = load_network(pretrained)
    estimator = read_estimator(run / ESTIMATOR)
    spec = dataclasses.replace(
        spec,
        seen_speakers=tuple(config["seen_speakers"]),
        labels=tuple(str(label) for label in estimator.classes_),
        temperature=1.0,
        class_bias=(),
        confidence_threshold=0.0,
        pooling=extracted["config"]["pooling"],
        feature=config["config"]["feature"],
        trim_below_db=read_json(records / MANIFEST).get("trim_below_db", 0.0),
        target=read_json(run / METRICS).get("target", EMOTION),
    )
    return InferenceModel(network, spec, head=head_of(estimator))
