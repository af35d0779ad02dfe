"""Hooks of the site: pages from files outside of docs/, links to them, notebooks, and folded sections.

The repository is read on GitHub-like pages as well, so the Markdown files link to files of the repository. On the site:

- README.md is the first page.
- A file outside of docs/ that a page links to gets a page below `repository/`: Markdown as it is, other text as code.
- A notebook becomes a page; its pictures become files.
- A link to a folder becomes its text.
- Short code in a line gets the class `whole`, so that a browser does not break it.
"""

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from notebook_page import notebook_page

ROOT = Path(__file__).resolve().parent.parent
HOME, DOCS, OTHERS = "README.md", "docs", "repository"
# Files that get a page even if no page links to them.
_ALWAYS = ("CHANGELOG.md", "CONTRIBUTING.md")
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s#]*)(#[^)\s]*)?\)")
_CODE = re.compile(r"(```.*?```)", re.DOTALL)
_SHORT_CODE = re.compile(r"<code>([^<>\s]{1,24})</code>")
# Pages that are alone in their part of the site: they have no list of pages on the left.
_ALONE = ("index.md", "glossary.md", "faq.md")
_LANGUAGES = {".py": "python", ".yaml": "yaml", ".yml": "yaml", ".json": "json", ".sh": "bash", ".toml": "toml"}
_PICTURES = (".svg", ".png", ".jpg")


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages that are not below docs/, and those of the notebooks."""
    for path in sorted((ROOT / DOCS / "tutorials").glob("*.ipynb")):
        page, pictures = notebook_page(path)
        files.append(File.generated(config, f"tutorials/{path.stem}.md", content=page))
        for name, content in pictures.items():
            files.append(File.generated(config, f"tutorials/{name}", content=content))
    pending = [HOME, *_ALWAYS, *(f"{DOCS}/{file.src_uri}" for file in files if file.is_documentation_page())]
    seen = set(pending)
    while pending:
        path = pending.pop()
        text = (
            (ROOT / path).read_text(encoding="utf-8")
            if (ROOT / path).suffix == ".md" and (ROOT / path).exists()
            else ""
        )
        if files.get_file_from_path(uri := site_uri(path)) is None:
            files.append(File.generated(config, uri, content=_content(path)))
        for target in linked_files(text, path):
            if target not in seen:
                seen.add(target)
                pending.append(target)
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Rewrite the links of a page, and let folded sections contain Markdown."""
    path = repository_path(page.file.src_uri)
    if page.file.src_uri in _ALONE:
        page.meta["hide"] = ["navigation"]
    parts = _CODE.split(markdown)
    rewritten = [part if part.startswith("```") else _with_site_links(part, path) for part in parts]
    return "".join(rewritten).replace("<details>", '<details markdown="1">')


def site_uri(path: str) -> str:
    """Return the place on the site of a file of the repository."""
    if path == HOME:
        return "index.md"
    if path.endswith(".ipynb"):
        path = path.removesuffix(".ipynb") + ".md"
    if path.startswith(f"{DOCS}/") and not path.endswith(".py"):
        return path.removeprefix(f"{DOCS}/")
    return f"{OTHERS}/{path}" if path.endswith((".md", *_PICTURES)) else f"{OTHERS}/{path}.md"


def repository_path(uri: str) -> str:
    """Return the file of the repository that a page of the site shows."""
    if uri == "index.md":
        return HOME
    if uri.startswith(f"{OTHERS}/"):
        path = uri.removeprefix(f"{OTHERS}/")
        return path if (ROOT / path).exists() else path.removesuffix(".md")
    return f"{DOCS}/{uri}"


def linked_files(text: str, path: str) -> list[str]:
    """Return the files of the repository that a page links to and that need a page of their own."""
    found = []
    for _, _, link, _ in _LINK.findall(_CODE.sub("", text)):
        target = _target(link, path)
        if target and (ROOT / target).is_file() and (not target.startswith(f"{DOCS}/") or target.endswith(".py")):
            found.append(target)
    return found


def _content(path: str) -> str | bytes:
    """Return the page of a file: Markdown and pictures as they are, other text as code."""
    file = ROOT / path
    if file.suffix in _PICTURES:
        return file.read_bytes()
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".md":
        return text
    return f"# {path}\n\n````{_LANGUAGES.get(file.suffix, 'text')}\n{text.rstrip()}\n````\n"


def _with_site_links(text: str, path: str) -> str:
    def rewrite(found: re.Match[str]) -> str:
        picture, words, link, anchor = found.groups()
        target = _target(link, path)
        if not target or not (ROOT / target).exists():
            return found[0]
        if (ROOT / target).is_dir():
            return words
        here = posixpath.dirname(site_uri(path))
        return f"{picture}[{_with_site_links(words, path)}]({posixpath.relpath(site_uri(target), here or '.')}{anchor or ''})"

    return _LINK.sub(rewrite, text)


def _target(link: str, path: str) -> str:
    """Return the file or folder of the repository that a link names; an empty string for other links."""
    if not link or "://" in link or link.startswith("mailto:"):
        return ""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), link))


def on_post_page(output: str, *, page: Page, config: MkDocsConfig) -> Any:
    """Keep short code in one piece; refuse a page that would load something from another server."""
    output = _SHORT_CODE.sub(r'<code class="whole">\1</code>', output)
    loaded = re.findall(r"<(?:script|img|link|iframe)[^>]*?(?:src|href)=\"(https?://[^\"]+)\"", output)
    outside = [address for address in loaded if "canonical" not in address]
    if outside:
        raise ValueError(f"{page.file.src_uri} loads {outside[0]}: the site must not need a network.")
    return output
