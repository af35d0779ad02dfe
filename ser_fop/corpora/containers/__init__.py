"""Audio containers whose headers may state a wrong length. Nothing here imports TensorFlow.

libsndfile reads as many samples as a header states. Streamed, joined and damaged files state too few, none or an
estimate. Each module finds the length from the audio itself and corrects the header in memory.
"""
