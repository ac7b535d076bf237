"""The texts of the repository and the site that is made of them: links that hold in both."""

import re
from functools import cache

import pytest

from docs.building import extension, links
from docs.building.links import HOME, PAGES

TEXTS = sorted(str(path.relative_to(HOME)) for path in (*HOME.glob("*.md"), *HOME.glob("docs/**/*.md")))
TEXTS = [name for name in TEXTS if "_build" not in name] + ["data/README.md", "benchmarks/README.md"]


@cache
def anchors(name: str) -> set[str]:
    """The anchors of a text's headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```", "", (HOME / name).read_text(encoding="utf-8"), flags=re.M | re.S)
    made = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", line) for line in re.findall(r"^#+ (.*)$", text, re.M)]
    return {re.sub(r"[^\w\- ]", "", line.lower()).strip().replace(" ", "-") for line in made}


@pytest.mark.parametrize("name", TEXTS)
def test_links_lead_somewhere_in_the_repository(name):
    for target in links.found((HOME / name).read_text(encoding="utf-8")):
        path, _, anchor = target.partition("#")
        if ":" in path:
            continue
        file = (HOME / name).parent / path if path else HOME / name
        assert file.exists(), f"{name}: {target}"
        if anchor and file.suffix == ".md":
            assert anchor in anchors(str(file.resolve().relative_to(HOME))), f"{name}: {target}"


def test_every_text_is_a_page_and_every_page_is_in_a_table_of_contents():
    pages = {str(path.relative_to(HOME / "docs").with_suffix("")) for path in HOME.glob("docs/**/*.md")}
    pages = {page for page in pages if not page.startswith("_build")}
    assert set(PAGES.values()) <= pages
    index = (HOME / "docs/index.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```{toctree}\n(.*?)^```", index, re.M | re.S)
    listed = re.findall(r"^(?:.*<)?([\w/]+)>?$", "\n".join(blocks), re.M)
    assert sorted(listed) == sorted(pages - {"index"})


@pytest.mark.parametrize(
    ("link", "turned"),
    [
        ("[a](../data/README.md#folders)", "[a](../clips.md#folders)"),
        ("[a](extending.md)", "[a](../extending.md)"),
        ("[a](#here)", "[a](#here)"),
        ("[a](https://example.org/b.md)", "[a](https://example.org/b.md)"),
        ("[rrrn/svm/](../rrrn/svm/)", "rrrn/svm/"),
        ("[theirs](../rrrn/svm/)", "theirs (`rrrn/svm/`)"),
        ("[a](../config.yaml)", "[a](../../config.yaml)"),
        ("![a](occluders.jpg)", "![a](../occluders.jpg)"),
        ("```\n[a](extending.md)\n```\n", "```\n[a](extending.md)\n```\n"),
    ],
)
def test_a_link_is_turned_to_where_the_site_has_it(link, turned):
    assert links.for_site(link, "docs/some.md", "reference/some") == turned


def test_a_comment_stands_for_a_file():
    text = extension.filled("# Title\n\n<!-- site: file CONTRIBUTING.md -->\n", "howto/some")
    assert text.startswith("# Title\n\n# Contributing\n") and "](../extending.md)" in text
    with pytest.raises(KeyError):
        extension.filled("<!-- site: flie CONTRIBUTING.md -->", "some")
