"""A synthetic labelled corpus and a synthetic unlabelled one, spoken by eSpeak NG."""
