"""Public API: networks with pretrained weights, feature extractor, records with splits, stages as functions."""
