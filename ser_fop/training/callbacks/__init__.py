"""What happens between steps and epochs: checkpoints, early stopping, signals, TensorBoard."""
