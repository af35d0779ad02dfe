"""The generated pages of the reference agree with the options of the command line."""

import pytest

from ser_fop.cli import STAGES


@pytest.fixture
def module(script):
    return script("update_reference")


def test_generated_pages_match_the_options(module):
    for page in (module.COMMANDS, module.CONFIGURATION):
        assert module.update(page) == page.read_text(encoding="utf-8"), "run `python docs/update_reference.py`"


def test_every_stage_has_a_section(module):
    text = module.commands()
    assert [line for line in text.splitlines() if line.startswith("## ")] == [f"## ser-fop {name}" for name in STAGES]


def test_every_option_is_described(module):
    for line in (module.commands() + "\n" + module.groups()).splitlines():
        if line.startswith("| `"):
            assert line.rstrip(" |").rpartition("|")[2].strip() not in ("", "required"), line
