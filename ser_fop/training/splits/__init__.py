"""Which utterances train, validate and test."""
