"""Keras callbacks: checkpoints, early stopping, signals, remaining time and TensorBoard."""
