"""Future Observation Prediction for speech emotion recognition.

`import ser_fop` does not import TensorFlow. Each public name is imported on first use.

Example:
    >>> import ser_fop
    >>> wav = ser_fop.sample("happy")
    >>> prediction = ser_fop.load().predict(wav)
    >>> prediction.emotion in prediction.probabilities
    True
"""

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ser_fop.api.backbone import Backbone
    from ser_fop.api.emotion_classifier import EmotionClassifier
    from ser_fop.api.feature_extractor import FeatureExtractor
    from ser_fop.api.records import Records
    from ser_fop.api.stages import classify, extract, finetune, prepare, pretrain
    from ser_fop.config.corpus_stages import PrepareConfig
    from ser_fop.config.stages import ClassifyConfig, ExtractConfig, FinetuneConfig, PretrainConfig
    from ser_fop.hub.published import list_models
    from ser_fop.inference.loading import load
    from ser_fop.inference.samples import sample

__version__ = "0.2.0"

# Module that defines each public name.
_LAZY = {
    "Backbone": "ser_fop.api.backbone",
    "ClassifyConfig": "ser_fop.config.stages",
    "EmotionClassifier": "ser_fop.api.emotion_classifier",
    "ExtractConfig": "ser_fop.config.stages",
    "FeatureExtractor": "ser_fop.api.feature_extractor",
    "FinetuneConfig": "ser_fop.config.stages",
    "PrepareConfig": "ser_fop.config.corpus_stages",
    "PretrainConfig": "ser_fop.config.stages",
    "Records": "ser_fop.api.records",
    "classify": "ser_fop.api.stages",
    "extract": "ser_fop.api.stages",
    "finetune": "ser_fop.api.stages",
    "list_models": "ser_fop.hub.published",
    "load": "ser_fop.inference.loading",
    "prepare": "ser_fop.api.stages",
    "pretrain": "ser_fop.api.stages",
    "sample": "ser_fop.inference.samples",
}
__all__ = [  # noqa: RUF022 - in order of use
    "load",
    "list_models",
    "sample",
    "Backbone",
    "EmotionClassifier",
    "FeatureExtractor",
    "Records",
    "prepare",
    "PrepareConfig",
    "pretrain",
    "PretrainConfig",
    "finetune",
    "FinetuneConfig",
    "extract",
    "ExtractConfig",
    "classify",
    "ClassifyConfig",
]

# Scripts and models are installed inside the package. In a checkout they are next to it.
_CHECKOUT = Path(__file__).resolve().parents[1]
if (_CHECKOUT / "setup.py").is_file():
    __path__.append(str(_CHECKOUT))


def __getattr__(name: str) -> Any:
    """Import a public name on first use."""
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return the names of the module, with public names that are not imported yet."""
    return sorted({*globals(), *_LAZY})
