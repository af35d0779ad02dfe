"""The scheduler of `reproduce`: the jobs that the tables need, their order and their projected duration."""
