"""Scores, prediction tables, statistical tests, and runs over folds."""
