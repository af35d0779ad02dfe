"""Conversion of audio to record shards, and of record shards to `tf.data` datasets."""
