"""Division of utterances into training, validation and test parts."""
