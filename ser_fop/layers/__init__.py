"""Keras layers. They use `keras.ops` and run on every Keras backend."""
