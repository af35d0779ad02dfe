"""Networks, in `keras.ops` and Keras layers alone."""
