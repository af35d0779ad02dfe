"""Runtimes that can run a trained model."""

from typing import Literal

Runtime = Literal["auto", "onnx", "litert", "tensorflow"]
