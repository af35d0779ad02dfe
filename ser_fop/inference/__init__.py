"""Emotion recognition in one TensorFlow graph: the front end, the network and an optional scikit-learn classifier."""
