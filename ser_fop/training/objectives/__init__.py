"""Pretraining objectives: network, loss, metrics and baseline of each task."""
