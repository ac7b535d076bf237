"""The extension of Sphinx that fills in what a page names in a comment: ``<!-- site: file data/README.md -->``.

In the repository such a page shows the sentences around the comment, and on the site what the comment stands for.
"""

import ast
import re
from collections.abc import Callable, Mapping
from typing import Any

from docs.building import commands, configuration, links

_COMMENT = re.compile(r"^<!-- site: (\w+)(?: (\S+))? -->$", re.M)


def _file(name: str) -> tuple[str, str]:
    return (links.HOME / name).read_text(encoding="utf-8"), name


def _formats() -> tuple[str, str]:
    name = "rrrn/data/shards.py"
    text = ast.get_docstring(ast.parse(_file(name)[0])) or ""
    return f"```text\n{text}\n```\n", name


MAKERS: Mapping[str, Callable[..., tuple[str, str]]] = {
    "file": _file,
    "configuration": configuration.page,
    "commands": commands.page,
    "formats": _formats,
}  # each returns a text, and the file that it is of


def filled(text: str, page: str) -> str:
    """Return the text of a page with all that its comments stand for, and links as the site has them."""
    own = f"{links.DOCS / page}.md"
    pieces, at = [], 0
    for comment in _COMMENT.finditer(text):
        pieces.append(links.for_site(text[at : comment.start()], own, page))
        made, source = MAKERS[comment[1]](*filter(None, [comment[2]]))
        pieces.append(links.for_site(made, source, page))
        at = comment.end()
    return "".join([*pieces, links.for_site(text[at:], own, page)])


def setup(app: Any) -> dict[str, bool]:
    """Let Sphinx read each page as it is filled."""

    def read(_: object, page: str, source: list[str]) -> None:
        source[0] = filled(source[0], page)

    app.connect("source-read", read)
    app.connect("env-get-outdated", lambda *_: [page for page in app.env.all_docs])  # pages are made of other files too
    return {"parallel_read_safe": True, "parallel_write_safe": True}
