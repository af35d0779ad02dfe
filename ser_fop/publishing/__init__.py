"""Trained runs as models for others: a folder with the model, its figures, and a card that says what it is."""
