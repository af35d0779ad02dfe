"""Names and values in the outputs of an inference model."""

# The name of the target, such as `emotion`, is that of the answer.
SCORES, LABELS, REASON = "scores", "labels", "reason"
PREDICTION = "prediction"
POOLED_PREFIX = "pooled_"
# For runtimes without strings: the index of the class in the labels, and those of the reasons below.
ANSWER, REFUSAL, DOUBTS = "answer", "refusal", "doubts"
NUMBERS = (SCORES, ANSWER, REFUSAL, DOUBTS)

# Label of an answer whose confidence is below the threshold of the model.
UNSURE = "unsure"
# Reasons of no answer.
SILENT, NO_SPEECH, OUT_OF_RANGE, TOO_SHORT = "silent", "no speech", "out of range", "too short"
REFUSALS = ("", SILENT, OUT_OF_RANGE, TOO_SHORT)
# Reasons of an answer that is doubtful.
SHORT, CLIPPED, BAND_LIMITED, LOW_CONFIDENCE = "short", "clipped", "band-limited", "low confidence"
DOUBT_NAMES = (SHORT, CLIPPED, BAND_LIMITED)
SEPARATOR = "; "
