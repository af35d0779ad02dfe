"""Export of trained runs to TF Serving, ONNX and LiteRT, and model cards."""
