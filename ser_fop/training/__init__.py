"""Training: what happens between a dataset, a network and `fit`."""
