"""Writes record shards."""
