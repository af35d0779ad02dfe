"""Helpers for tests: small corpora in their real layouts, small records, and assertions about layers and networks."""
