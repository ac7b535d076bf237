"""Tutorial and how-to pages, run as they stand there: every command, every file and every example.

A page is typed by a new user in a folder where the toy has run to its report; the toy is what the folder's config.yaml
has. What no test can do says so behind the language of its block, and stands in a list here.
"""

import doctest
import os
import re
import shlex
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest
import warm_python
import yaml
from scaffold import ENVIRONMENT, HOME, twin, with_machine_code

from rrrn.experiment import config, registry

ELSEWHERE = ["docs/extending.md"]  # tests/test_extending.py


def listed(caption: str) -> list[str]:
    """The pages that the table of contents has below a caption."""
    index = (HOME / "docs/index.md").read_text(encoding="utf-8")
    (block,) = re.findall(rf"^```{{toctree}}\n:hidden:\n:caption: {caption}\n(.*?)^```", index, re.M | re.S)
    return [f"docs/{name}.md" for name in block.split()]


PAGES = sorted({*listed("Tutorial"), *listed("How to")} - set(ELSEWHERE))
MARKED = {
    ("docs/cluster.md", "not run: needs a SLURM"): 5,  # tests/slurm does what they do
    ("docs/howto/casme2_samm.md", "not run: weeks of GPUs"): 1,
    ("docs/howto/casme2_samm.md", "only planned: half an hour of a processor"): 1,
    ("docs/howto/casme2_samm.md", "only planned: hours of a processor"): 1,
    ("docs/howto/configure.md", "only planned: an hour of a processor"): 2,
    ("docs/howto/install.md", "not run: installs from an address of yours"): 1,  # tests/test_wheel.py does
    ("docs/howto/other_database.md", "only planned: minutes of a processor"): 1,
    ("docs/howto/paper.md", "not run: counts 7506 jobs"): 1,
    ("docs/howto/paper.md", "not run: counts the jobs of four configurations"): 1,
    ("docs/howto/paper.md", "not run: months of a processor"): 1,
    ("docs/howto/paper.md", "not run: needs a SLURM"): 1,
    ("docs/tutorial/first_table.md", "not run: a clone needs the repository's address"): 1,
}


class Block(NamedTuple):
    language: str
    mark: str  # "", "only planned: REASON" or "not run: REASON"
    text: str


def blocks(page: str) -> list[Block]:
    found = re.findall(r"^```(\S*)(?: ([^\n]*))?\n(.*?)^```$", (HOME / page).read_text(encoding="utf-8"), re.M | re.S)
    return [Block(*block) for block in found]


def named(page: str, language: str) -> dict[str, str]:
    """The files of a page: blocks whose first line is a comment with their name."""
    files = [re.match(r"# (\S+\.\w+)\n", block.text) for block in blocks(page) if block.language == language]
    texts = [block.text for block in blocks(page) if block.language == language]
    return {match[1]: text for match, text in zip(files, texts, strict=True) if match}


def script(page: str) -> str:
    """All commands of a page, those that are only planned with ``-n``."""
    lines = []
    for block in blocks(page):
        if block.language == "bash" and not block.mark.startswith("not run: "):
            planned = block.mark.startswith("only planned: ")
            lines.append(
                re.sub("(?m)^(.venv/bin/snakemake) ", r"\1 -n --quiet all ", block.text) if planned else block.text
            )
    return "\n".join(lines)


def test_what_is_not_run_is_listed():
    assert Counter((page, block.mark) for page in PAGES for block in blocks(page) if block.mark) == MARKED


@pytest.mark.parametrize("page", [*PAGES, *ELSEWHERE])
def test_blocks_say_what_they_are(page):
    for block in blocks(page):
        assert block.language in ("bash", "yaml", "python", "text", "toml"), block
        assert block.language == "bash" or not block.mark, block
        assert re.fullmatch("(not run: .+|only planned: .+)?", block.mark), block
        if block.language == "text":
            assert not re.search(r"^(\.venv/|make |\$ )", block.text, re.M), block
        if block.language == "yaml":
            assert page in ELSEWHERE or named(page, "yaml"), block


@pytest.mark.parametrize("page", [page for page in PAGES if named(page, "yaml")])
def test_configurations_of_the_pages_follow_the_schema(page):
    for text in named(page, "yaml").values():
        default = yaml.safe_load((HOME / "config.yaml").read_text(encoding="utf-8"))
        config.check(config.merge([default, yaml.safe_load(text)]), HOME / "workflow/schemas/config.schema.yaml")
    registry.use({})


@pytest.mark.parametrize("page", [page for page in PAGES if ">>> " in (HOME / page).read_text(encoding="utf-8")])
def test_examples_in_python_are_true(page):
    texts = [block.text for block in blocks(page) if block.language == "python" and block.text.startswith(">>>")]
    test = doctest.DocTestParser().get_doctest("\n".join(texts), {}, page, None, 0)
    found = doctest.DocTestRunner().run(test)
    assert found.attempted and not found.failed


@pytest.fixture
def folder(reported, tmp_path) -> Path:
    """A clone in which everything was made, of the toy."""
    root = with_machine_code(twin(reported, tmp_path / "rrrn"))
    for name in ("Makefile", "requirements.txt", "pyproject.toml", "data/megc2018_subject_counts.csv"):
        shutil.copy(HOME / name, root / name)
    shutil.copytree(HOME / "data/reproductions", root / "data/reproductions")
    (root / "docs").mkdir()
    shutil.copy(HOME / "docs/reproductions.md", root / "docs/reproductions.md")
    shutil.copy(root / "tests/clips.csv", root / "data/clips.csv")
    programs = root / ".venv/bin"
    programs.mkdir(parents=True)
    for name, module in (("python", ""), ("rrrn", "-m rrrn"), ("snakemake", "-m snakemake")):
        (programs / name).write_text(f'#!/bin/sh\nexec {shlex.quote(str(warm_python.python()))} {module} "$@"\n')
        (programs / name).chmod(0o755)
    (root / ".venv/installed").touch()  # so that make has nothing to install
    return root


@pytest.mark.parametrize("page", [page for page in PAGES if script(page)])
def test_every_command_of_a_page_works(page, folder, tmp_path):
    before = []
    if "/data/CASME2" in script(page):  # drawn ones stand for the licensed
        before = ["synthesize", tmp_path / "data", "--subjects", "1", "--clips", "2", "--short"]
    if "theirs.zip" in script(page):  # a bundle of the same run stands for a stranger's
        before = ["bundle", "results/", "-o", "theirs.zip"]
    if before:
        words = [".venv/bin/rrrn", *before]
        subprocess.run(words, cwd=folder, env=ENVIRONMENT, check=True, capture_output=True)
    for files in (named(page, "yaml"), named(page, "python")):
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    commands = script(page).replace(" /data/", f" {tmp_path}/data/")
    cache = os.environ.get("XDG_CACHE_HOME", f"{Path.home()}/.cache")  # of compiled code
    done = subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", commands],
        cwd=folder,
        env=ENVIRONMENT | {"HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": cache},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    made = {
        "docs/models.md": ["model.safetensors", "model.md"],
        "docs/reproductions.md": ["my-run.zip"],
        "docs/tutorial/own_clip.md": ["../masked.json", "../motion.png", "../vector.csv", "../model.md", "../said.png"],
        "docs/tutorial/report.md": ["results/report.html", "partial_report.html"],
        "docs/howto/own_figure.md": ["my_figure.svg"],
        "docs/howto/share.md": ["my-run.zip"],
        "docs/howto/other_database.md": ["data/mine.csv", "data/mine.yaml", "data/mine_audit.md"],
        "docs/howto/own_clip.md": ["../worn/EP01_01.mkv", "../worn/EP01_02.mkv.json", "../worn.npy", "../pasted.json"],
    }
    for name in made.get(page, []):
        assert (folder / name).is_file(), name
    text = (folder / "docs/reproductions.md").read_text(encoding="utf-8")  # rebuilt, where the page says so
    assert text == (HOME / "docs/reproductions.md").read_text(encoding="utf-8")
