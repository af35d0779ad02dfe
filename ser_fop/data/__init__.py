"""Audio to record shards, and record shards to `tf.data`."""
