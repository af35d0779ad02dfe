"""One module per stage; `run(settings)` of each returns its comparisons."""
