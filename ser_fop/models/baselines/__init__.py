"""The networks of the paper's baselines, and the layers that only they use."""
