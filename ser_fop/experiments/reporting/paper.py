"""The paper's own figures (weighted accuracy in percent, on IEMOCAP)."""

CORPUS = "IEMOCAP"
REFERENCE = "Lian, Tao, Liu and Huang 2019, Unsupervised Representation Learning with Future Observation Prediction for Speech Emotion Recognition (arXiv 1910.13806)"

# Table 1, single fold, by pretraining setting.
TABLE1 = {"none": 65.45, "unlabelled": 67.37, "in_corpus": 68.14}

# Table 2, single fold, by feature and classifier.
TABLE2 = {
    "F": {"svm": 61.04, "rf": 62.57, "a_lstm": 58.93},
    "h1": {"svm": 63.92, "rf": 56.66, "a_lstm": 64.68},
    "h2": {"svm": 63.53, "rf": 57.39, "a_lstm": 62.38},
    "h_add": {"svm": 63.72, "rf": 58.35, "a_lstm": 64.88},
    "h_concat": {"svm": 64.11, "rf": 58.16, "a_lstm": 65.54},
}

# Table 3, the rows of the paper's own method: single fold and cross-validation.
TABLE3 = {
    "hypercolumns": {"single_fold": 65.54, "cross_validation": 63.56},
    "finetuning": {"single_fold": 68.14, "cross_validation": 65.03},
}
