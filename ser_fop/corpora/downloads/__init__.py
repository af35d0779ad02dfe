"""Open corpora from their publishers' own addresses. No TensorFlow."""
