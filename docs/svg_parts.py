"""Parts of the drawn pictures: text, boxes, arrows and bitmaps of a hand-written SVG."""

import base64
import io
from collections.abc import Sequence
from html import escape
from pathlib import Path

import matplotlib as mpl
import matplotlib.image
import numpy as np

PICTURES = Path(__file__).resolve().parent / "pictures"
INK, QUIET, BLUE, PALE, ORANGE = "#222222", "#666666", "#1f4e9c", "#e8eef9", "#b85c00"
_FONT = "font-family='system-ui, -apple-system, Segoe UI, Roboto, Helvetica, Arial, sans-serif'"


def text(
    x: float, y: float, words: str, *, size: int = 15, colour: str = INK, anchor: str = "middle", bold: bool = False
) -> str:
    """Return a line of text; y is its baseline."""
    weight = " font-weight='600'" if bold else ""
    return f"<text x='{x:g}' y='{y:g}' font-size='{size}' fill='{colour}' text-anchor='{anchor}'{weight}>{escape(words)}</text>"


def box(
    x: float,
    y: float,
    width: float,
    height: float,
    words: Sequence[str] = (),
    *,
    fill: str = PALE,
    edge: str = BLUE,
    size: int = 15,
) -> str:
    """Return a rectangle with lines of text in its middle."""
    parts = [
        f"<rect x='{x:g}' y='{y:g}' width='{width:g}' height='{height:g}' rx='6' fill='{fill}' stroke='{edge}' stroke-width='1.5'/>"
    ]
    step = size + 4
    top = y + height / 2 - step * (len(words) - 1) / 2 + size / 3
    parts += [text(x + width / 2, top + step * number, line, size=size) for number, line in enumerate(words)]
    return "".join(parts)


def arrow(*points: tuple[float, float], colour: str = QUIET) -> str:
    """Return a line through points with a head at its end."""
    path = " ".join(f"{x:g},{y:g}" for x, y in points)
    return f"<polyline points='{path}' fill='none' stroke='{colour}' stroke-width='1.8' marker-end='url(#head)'/>"


def curve(values: np.ndarray, x: float, y: float, width: float, height: float, *, colour: str = BLUE) -> str:
    """Return samples as a curve of least and greatest values, one pair for each pixel."""
    count = int(width)
    parts = np.array_split(values / max(1e-9, np.abs(values).max()), count)
    ends = [(part.min(), part.max()) for part in parts]
    lines = [
        f"M{x + place:g} {y - height / 2 * high:.1f}V{y - height / 2 * low + 0.6:.1f}"
        for place, (low, high) in enumerate(ends)
    ]
    return f"<path d='{''.join(lines)}' stroke='{colour}' stroke-width='1'/>"


def bitmap(values: np.ndarray, x: float, y: float, width: float, height: float, *, low: float, high: float) -> str:
    """Return a spectrogram of shape (frames, mels) as an embedded picture."""
    scaled = np.clip((values.T[::-1] - low) / (high - low), 0, 1)
    levels = (mpl.colormaps["magma"](scaled)[..., :3] * 255).astype(np.uint8)
    written = io.BytesIO()
    matplotlib.image.imsave(written, levels, format="png", metadata={"Software": None}, pil_kwargs={"optimize": True})
    data = base64.b64encode(written.getvalue()).decode()
    return (
        f"<image x='{x:g}' y='{y:g}' width='{width:g}' height='{height:g}' preserveAspectRatio='none'"
        f" href='data:image/png;base64,{data}'/>"
    )


def svg(width: float, height: float, parts: Sequence[str], *, title: str) -> str:
    """Return a whole picture on a white ground."""
    head = (
        "<defs><marker id='head' viewBox='0 0 8 8' refX='7' refY='4' markerWidth='7' markerHeight='7'"
        f" orient='auto-start-reverse'><path d='M0 0L8 4L0 8z' fill='{QUIET}'/></marker></defs>"
    )
    ground = f"<rect width='{width:g}' height='{height:g}' rx='8' fill='white'/>"
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width:g} {height:g}' width='{width:g}' height='{height:g}' role='img' {_FONT}>"
        f"<title>{escape(title)}</title>{head}{ground}{''.join(parts)}</svg>\n"
    )
