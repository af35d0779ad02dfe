"""Scores, predictions, and runs over folds."""
