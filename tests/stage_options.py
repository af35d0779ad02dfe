"""The config of each stage, and the options that it requires."""

from ser_fop.config.corpus_stages import DownloadConfig, FoldsConfig, InfoConfig, PrepareConfig
from ser_fop.config.inference_stages import (
    ExportConfig,
    PredictConfig,
    PublishConfig,
    ReportConfig,
    ServeConfig,
    StressConfig,
)
from ser_fop.config.stages import ClassifyConfig, ExtractConfig, FinetuneConfig, FunctionalsConfig, PretrainConfig
from ser_fop.config.streaming import StreamConfig
from ser_fop.experiments.reproduce_config import ReproduceConfig
from ser_fop.probing.probe_config import ProbeConfig
from ser_fop.tuning.tune_config import TuneConfig

CONFIGS = {
    "prepare": PrepareConfig,
    "folds": FoldsConfig,
    "pretrain": PretrainConfig,
    "finetune": FinetuneConfig,
    "extract": ExtractConfig,
    "functionals": FunctionalsConfig,
    "classify": ClassifyConfig,
    "probe": ProbeConfig,
    "stream": StreamConfig,
    "reproduce": ReproduceConfig,
    "report": ReportConfig,
    "download": DownloadConfig,
    "info": InfoConfig,
    "tune": TuneConfig,
    "stress": StressConfig,
    "predict": PredictConfig,
    "export": ExportConfig,
    "publish": PublishConfig,
    "serve": ServeConfig,
}
REQUIRED = {
    "download": ["--corpus", "ravdess", "--out", "corpora/ravdess"],
    "prepare": ["--corpus", "ravdess", "--audio-dir", "audio", "--out", "out"],
    "folds": ["--records", "a", "--out", "folds.json"],
    "pretrain": ["--records", "a", "--out", "out"],
    "finetune": ["--records", "a", "--out", "out"],
    "extract": ["--records", "a", "--pretrained", "b", "--out", "out"],
    "functionals": ["--records", "a", "--audio-dir", "audio", "--out", "out"],
    "classify": ["--hypercolumns", "a", "--out", "out"],
    "probe": ["--pretrained", "a", "--records", "b", "--out", "out"],
    "reproduce": ["--out", "out"],
    "report": ["--run", "out"],
    "info": ["--corpus", "ravdess", "--audio-dir", "audio"],
    "tune": ["--records", "a", "--out", "out"],
    "predict": ["a.wav"],
    "stream": [],
    "stress": ["--audio-dir", "audio", "--out", "out"],
    "export": ["--model", "runs/ft", "--out", "models/emotion"],
    "publish": ["--model", "runs/ft", "--licence", "CC BY 4.0", "--out", "models/emotion"],
    "serve": [],
}
