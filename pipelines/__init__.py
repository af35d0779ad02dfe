"""One script a stage; `ser-fop <stage>` runs the same `main`."""
