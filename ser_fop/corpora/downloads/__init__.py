"""Download of open corpora from their publishers. Does not import TensorFlow."""
