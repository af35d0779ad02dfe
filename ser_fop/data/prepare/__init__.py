"""The `prepare` stage: write record shards from audio files."""
