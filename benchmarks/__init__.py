"""Comparison of every stage with common alternatives: `python -m benchmarks`."""
