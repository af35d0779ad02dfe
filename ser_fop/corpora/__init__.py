"""Speech corpora. This package does not import TensorFlow."""
