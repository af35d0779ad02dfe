"""One module a stage; each has `run(settings)`, which gives its comparisons."""
