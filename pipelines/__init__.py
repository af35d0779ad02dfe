"""One script per stage; `ser-fop <stage>` runs the `main` of that script."""
