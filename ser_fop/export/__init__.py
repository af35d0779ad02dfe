"""A trained run as a model for TF Serving and other runtimes."""
