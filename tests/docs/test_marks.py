import pytest


@pytest.fixture
def between(script):
    return script("marks").between


def test_what_stands_between_the_marks_is_written_anew(between):
    page = "before\n<!-- a -->\nold\n<!-- /a -->\nafter <!-- b -->\nkept\n<!-- /b -->\n"
    assert between(page, "a", lambda: "new") == page.replace("old", "new")


def test_a_page_without_these_marks_stays_and_nothing_is_worked_out(between):
    page = "<!-- ab -->\nold\n<!-- /ab -->\n"
    assert between(page, "a", lambda: pytest.fail("was asked for")) == page
