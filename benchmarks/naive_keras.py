"""A straightforward Keras version of the network, built from Keras' own layers without optimisation."""

from typing import Any


def naive_frame_predictor(
    mels: int = 80, width: int = 256, heads: int = 4, feed_forward: int = 513, layers: int = 2, dropout: float = 0.2
) -> Any:
    """Return a Keras model from log-mels (batch, frames, mels) to predicted log-mels of the same shape."""
    import keras

    from ser_fop.layers.sinusoidal_positions import SinusoidalPositions

    inputs = keras.Input((None, mels))
    hidden = SinusoidalPositions()(keras.layers.Dense(width)(inputs))
    for _ in range(layers):
        attention = keras.layers.MultiHeadAttention(heads, width // heads)
        attended = attention(hidden, hidden, use_causal_mask=True)
        hidden = keras.layers.LayerNormalization()(hidden + keras.layers.Dropout(dropout)(attended))
        fed = keras.layers.Dense(width)(keras.layers.Dense(feed_forward, activation="relu")(hidden))
        hidden = keras.layers.LayerNormalization()(hidden + keras.layers.Dropout(dropout)(fed))
    return keras.Model(inputs, keras.layers.Dense(mels, dtype="float32")(hidden))
