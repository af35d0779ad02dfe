"""Features of a pretrained network, and the classifiers that are trained on them."""
