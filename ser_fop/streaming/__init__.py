"""Answers while someone speaks: networks that read a stream step by step, at constant cost."""
