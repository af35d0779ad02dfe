"""Helpers that only tests import: small corpora in their real layouts, and contracts."""
