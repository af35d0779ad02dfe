"""What the scripts beside it write into pages stands between marks: `<!-- NAME -->` and `<!-- /NAME -->`."""

from collections.abc import Callable


def marks(name: str) -> tuple[str, str]:
    """Return the marks of a name."""
    return f"<!-- {name} -->", f"<!-- /{name} -->"


def between(page: str, name: str, body: Callable[[], str]) -> str:
    """Return a page with what stands between two marks written anew; as it is where it has not these marks.

    Args:
        page: The page.
        name: Name of the marks.
        body: Returns what is to stand there.
    """
    start, end = marks(name)
    if start not in page:
        return page
    before, _, rest = page.partition(start)
    return f"{before}{start}\n{body()}\n{end}{rest.partition(end)[2]}"
