"""Links of the repository's texts, as the site has them.

A text is read in two places: in the repository, where a link is the path of a file, and on the site, which has pages
for some files, offers others for download, and knows no folders.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

HOME = Path(__file__).resolve().parents[2]
DOCS = PurePosixPath("docs")
PAGES: Mapping[str, str] = {  # of texts outside of docs/
    "README.md": "index",
    "CHANGELOG.md": "changelog",
    "CONTRIBUTING.md": "contributing",
    "SECURITY.md": "security",
    "benchmarks/README.md": "benchmarks",
    "data/README.md": "clips",
}
_FENCE = re.compile(r"^(?P<fence>```+|~~~+).*?^(?P=fence)\s*?$\n?", re.M | re.S)
_READ = re.compile(r"[`~]+\{(?:confval|note|tip|warning)\}")  # directives whose content is text
_LINK = re.compile(r"(?P<image>!?)\[(?P<text>(?:!\[[^\]]*\]\([^)]*\)|[^\[\]])*)\]\((?P<target>[^()\s]+)\)")


def found(text: str) -> Iterator[str]:
    """Yield the targets of all links and pictures of a Markdown text, those in blocks of code left out."""
    for match in _LINK.finditer(_FENCE.sub("", text)):
        yield match["target"]


def for_site(text: str, source: str, page: str) -> str:
    """Return a text of the repository with links as they must be on a page of the site.

    ``source`` is the text's file, relative to the repository; ``page`` the site's name of the page, without a suffix.
    """
    pieces, at = [], 0
    for fence in _FENCE.finditer(text):
        inner = _turned(fence[0], source, page) if _READ.match(fence[0]) else fence[0]
        pieces += [_turned(text[at : fence.start()], source, page), inner]
        at = fence.end()
    return "".join([*pieces, _turned(text[at:], source, page)])


def _turned(text: str, source: str, page: str) -> str:
    def turned(match: re.Match[str]) -> str:
        path, mark, anchor = match["target"].partition("#")
        if not path or ":" in path:
            return match[0]
        file = os.path.normpath(PurePosixPath(source).parent / path)
        if (HOME / file).is_dir():
            shown = match["text"]
            return shown if file in shown else f"{shown} (`{file}/`)"
        wanted = f"{DOCS / PAGES[file]}.md" if file in PAGES else file
        near = os.path.relpath(wanted, (DOCS / page).parent)
        return f"{match['image']}[{match['text']}]({near}{mark}{anchor})"

    return _LINK.sub(turned, text)
