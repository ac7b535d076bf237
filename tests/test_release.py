"""What is said of the project in several places is the same in all of them."""

import re
import tomllib
from pathlib import Path

import yaml

HOME = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((HOME / "pyproject.toml").read_text())["project"]
CITATION = yaml.safe_load((HOME / "CITATION.cff").read_text())


def test_version_and_date_are_the_newest_of_the_changelog():
    versions = re.findall(r"^## \[([\d.]+)\] - (\S+)$", (HOME / "CHANGELOG.md").read_text(), re.M)
    assert versions[0] == (PROJECT["version"], str(CITATION["date-released"]))
    assert CITATION["version"] == PROJECT["version"]


def test_licence_and_authors_agree():
    (author,) = PROJECT["authors"]
    assert [one["name"] for one in CITATION["authors"]] == [author["name"]]
    text = (HOME / "LICENSE").read_text()
    assert text.startswith(f"{PROJECT['license']} License") and author["name"] in text
    assert CITATION["license"] == PROJECT["license"]


def test_the_paper_is_cited_as_in_the_readme():
    (paper,) = CITATION["references"]
    text = (HOME / "README.md").read_text()
    assert f"{{{paper['title']}}}" in text
    assert " and ".join(f"{one['family-names']}, {one['given-names']}" for one in paper["authors"]) in text


def test_links_of_the_projects_texts_lead_somewhere():
    for text in HOME.glob("*.md"):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text.read_text()):
            assert (HOME / target).exists(), f"{text.name}: {target}"
