import pytest


@pytest.fixture
def between(script):
    return script("marks").between


def test_between_replaces_text_between_marks(between):
    page = "before\n<!-- a -->\nold\n<!-- /a -->\nafter <!-- b -->\nkept\n<!-- /b -->\n"
    assert between(page, "a", lambda: "new") == page.replace("old", "new")


def test_between_leaves_page_without_marks(between):
    page = "<!-- ab -->\nold\n<!-- /ab -->\n"
    assert between(page, "a", lambda: pytest.fail("was called")) == page
