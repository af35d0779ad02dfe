"""Networks, built from Keras layers and `keras.ops` only."""
