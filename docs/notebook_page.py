"""Notebooks as Markdown: text as it is, code and printed output as code, plots as files."""

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def notebook_page(path: Path) -> tuple[str, dict[str, bytes]]:
    """Return the text of a notebook's page and its pictures, by file name.

    Args:
        path: An executed notebook.
    """
    notebook = json.loads(path.read_text(encoding="utf-8"))
    parts, pictures = [], {}
    for number, cell in enumerate(notebook["cells"]):
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            continue
        parts.append(f"```python\n{source}\n```")
        for place, output in enumerate(cell["outputs"]):
            picture, name = _picture(output), f"{path.stem}_{number}_{place}.png"
            if picture:
                pictures[name] = picture
                parts.append(f"![Output of the cell above]({name})")
            elif text := _text(output):
                parts.append(f"```text\n{text}\n```")
    title, _, rest = "\n\n".join(parts).partition("\n")
    download = f"<a href='{path.name}' download>Download this notebook</a>"
    return f"{title}\n\n{download}\n{rest}\n", pictures


def _picture(output: Mapping[str, Any]) -> bytes:
    data = output.get("data", {}).get("image/png", "")
    return base64.b64decode("".join(data)) if data else b""


def _text(output: Mapping[str, Any]) -> str:
    lines = output.get("text") or output.get("data", {}).get("text/plain") or []
    return "".join(lines).rstrip()
