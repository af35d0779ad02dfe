"""A labelled and an unlabelled corpus of synthetic speech from eSpeak NG."""
