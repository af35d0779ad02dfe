"""Training of networks: objectives, data splits, callbacks, optimizers and distribution."""
