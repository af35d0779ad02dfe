"""Where a recogniser comes from: a run folder."""

import dataclasses
from pathlib import Path
from typing import Any

from ser_fop.data.records import MANIFEST
from ser_fop.errors import InputError
from ser_fop.hub.networks import load_network, network_digest
from ser_fop.hypercolumns.classifiers import read_estimator
from ser_fop.hypercolumns.fitted import ESTIMATOR
from ser_fop.inference.heads import head_of
from ser_fop.inference.inference_model import InferenceModel
from ser_fop.utils.json_io import read_json
from ser_fop.utils.run_folder import require_complete

_STAGES = ("pretrain", "finetune", "classify")


def inference_model_of(run: Path) -> InferenceModel:
    """Return what a run folder learned, ready to be asked.

    Args:
        run: Folder of `pretrain` (which gives hypercolumns and no answers), `finetune` or `classify`, of one fold.

    Returns:
        The recogniser; in its config, `heard` names the speakers of its classifier too.

    Raises:
        InputError: If there is none, or what it was made from is gone or has changed.
    """
    config = require_complete(run, _STAGES)
    folds = sorted(path.name for path in run.glob("fold-*"))
    if folds:
        raise InputError(f"{run} holds a run a fold: give one of them, such as {run / folds[0]}.")
    if (run / ESTIMATOR).exists():
        return _with_estimator(run, config)
    network, spec = load_network(run)
    return InferenceModel(network, spec)


def _with_estimator(run: Path, config: dict[str, Any]) -> InferenceModel:
    """Join a scikit-learn classifier to the network whose features it learned from."""
    code = config["config"].get("code", "none")
    if code != "none":
        raise InputError(
            f"{run} reads a {code} code of features, which does not leave its folder: classify without --code."
        )
    hypercolumns = Path(config["sources"]["hypercolumns"])
    extracted = require_complete(hypercolumns, "extract")
    pretrained, records = (Path(extracted["sources"][name]) for name in ("pretrained", "records"))
    for needed, what in ((pretrained, "the network"), (records / MANIFEST, "the front end")):
        if not needed.exists():
            raise InputError(f"{run} needs {what} of {needed}, which is gone. Run the stages before it again.")
    if [network_digest(pretrained)] != extracted["inputs"]["pretrained"]:
        raise InputError(f"{pretrained} has changed since {hypercolumns} was extracted. Run `ser-fop extract` again.")
    network, spec = load_network(pretrained)
    estimator = read_estimator(run / ESTIMATOR)
    spec = dataclasses.replace(
        spec,
        seen_speakers=tuple(config["seen_speakers"]),
        labels=tuple(str(label) for label in estimator.classes_),
        pooling=extracted["config"]["pooling"],
        feature=config["config"]["feature"],
        trim_below_db=read_json(records / MANIFEST).get("trim_below_db", 0.0),
    )
    return InferenceModel(network, spec, head=head_of(estimator))
