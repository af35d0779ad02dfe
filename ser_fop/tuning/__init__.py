"""KerasTuner over the stages: a trial is an ordinary run folder."""
