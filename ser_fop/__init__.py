"""Future Observation Prediction for speech emotion recognition.

Nothing here imports TensorFlow: the modules below do, when they are imported.
"""

__version__ = "0.1.0"
