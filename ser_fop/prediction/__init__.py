"""Answers for recordings: files, folders, lists, arrays."""
