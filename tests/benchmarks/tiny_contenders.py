"""Minimal contenders; their processes import this file."""

import os
from pathlib import Path


def writes_its_name(name, log):
    def work():
        with Path(log).open("a") as file:
            file.write(name)
        return 3.0

    return work


def is_not_installed():
    import a_library_that_nobody_has  # noqa: F401

    return lambda: 1.0


def raises_in_its_second_round(log):
    rounds = []

    def work():
        rounds.append(1)
        if len(rounds) > 1:
            raise ValueError("no more")
        return writes_its_name("x", log)()

    return work


def dies():
    return lambda: os._exit(3)


def reads_variable(variable):
    value = os.environ[variable]
    return lambda: float(value)
