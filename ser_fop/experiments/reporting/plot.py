"""A plot of a report."""

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plot:
    """A plot with its caption.

    Attributes:
        title: Heading; consecutive plots with the same heading form a group.
        caption: Description of the plot, also for screen readers.
        svg: The plot as SVG text.
        wide: Whether the plot fills the width of the page.
    """

    title: str
    caption: str
    svg: str
    wide: bool = False
