"""Marks around the generated parts of pages: `<!-- NAME -->` and `<!-- /NAME -->`."""

from collections.abc import Callable


def marks(name: str) -> tuple[str, str]:
    """Return the start mark and the end mark of a name."""
    return f"<!-- {name} -->", f"<!-- /{name} -->"


def between(page: str, name: str, body: Callable[[], str]) -> str:
    """Return a page with a new text between two marks; unchanged if the page does not have these marks.

    Args:
        page: Text of the page.
        name: Name of the marks.
        body: Function that returns the new text.
    """
    start, end = marks(name)
    if start not in page:
        return page
    before, _, rest = page.partition(start)
    return f"{before}{start}\n{body()}\n{end}{rest.partition(end)[2]}"
