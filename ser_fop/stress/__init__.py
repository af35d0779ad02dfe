"""Accuracy of a model under changes of the recording: level, noise, room, microphone, coding."""
