"""Search for settings with KerasTuner: each trial is an ordinary run folder of a stage."""
