"""The scheduler of `reproduce`: which stages the tables need, in which order, and for how long."""
