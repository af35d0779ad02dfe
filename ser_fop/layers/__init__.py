"""Keras layers, in `keras.ops` alone: they run on every Keras backend."""
