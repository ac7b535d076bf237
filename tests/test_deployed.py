"""What a user types first in a working directory of ``rrrn init``, here with the package of this checkout."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import warm_python
import yaml
from scaffold import ENVIRONMENT, HOME, knowing

from rrrn import cli


@pytest.fixture(scope="module")
def working(tmp_path_factory) -> Path:
    """A working directory of three subjects of the toy."""
    root = tmp_path_factory.mktemp("deployed") / "work"
    cli.main(["init", str(root)])
    rows = (HOME / "tests/clips.csv").read_text().splitlines(keepends=True)
    (root / "toy.csv").write_text("".join([rows[0], *(row for row in rows[1:] if row.startswith("synsamm,"))]))
    config = yaml.safe_load((root / "config.yaml").read_text())
    (root / "config.yaml").write_text(
        yaml.safe_dump(config | {"clips": "toy.csv", "methods": ["lbp_top"], "conditions": ["none"]})
    )
    return knowing(root)


def python(root: Path, *words: str, status: int = 0) -> str:
    """What a module prints, on both streams, that ends with this status."""
    command = [str(warm_python.python()), "-m", *words]
    environment = ENVIRONMENT | {"PYTHONPATH": str(HOME)}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("command", [("rrrn", "run", "-n"), ("snakemake", "-n")])
def test_without_a_target_it_is_table_iv(working, command):
    said = python(working, *command)
    planned = dict(re.findall(r"^(\w+) +(\d+)$", said, re.M))
    assert ("rule table:" in said) == (command[0] == "snakemake")  # each job's lines
    assert {"svm", "score", "table"} <= planned.keys() and planned["table"] == "1"
    assert not {"summary", "ranking", "train"} & planned.keys()


def test_the_workflow_names_the_file_in_which_a_mistake_stands(working):
    (working / "typo.yaml").write_text("methods: [lbp_topp]")
    said = python(working, "snakemake", "-n", "--configfile", "typo.yaml", status=1)
    assert re.search(r"^error: (/.*/)?typo\.yaml: configuration: methods\.0: .*did you mean lbp_top\?", said, re.M), (
        said
    )


@pytest.mark.parametrize(
    ("words", "quiet"),
    [
        (["-n", "table.csv"], True),
        (["--dry-run"], True),
        (["-n", "-p"], False),
        (["-np"], False),
        (["-n", "--quiet", "progress", "--", "x"], False),
        (["--cores", "1"], False),
    ],
)
def test_a_plan_counts_jobs_unless_they_are_asked_for(working, monkeypatch, words, quiet):
    monkeypatch.chdir(working)
    started = []
    monkeypatch.setattr(os, "execv", lambda _, command: started.extend(command))
    cli.main(["run", *words])
    assert ("--quiet=rules" in started) == quiet and started[-len(words) :] == words


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--configfile nope.yaml", "nope.yaml: cannot be read as a configuration ("),
        ("--configfile bad.yaml", "bad.yaml: cannot be read as a configuration (line 1, column "),
        ("--configfile text.yaml", "text.yaml: is no configuration; it needs sections as in config.yaml"),
        ("--configfile my.yaml results/table_iv.csv", "results/table_iv.csv: was taken for a configuration"),
    ],
)
@pytest.mark.parametrize("command", ["run", "report", "resume --"])
def test_a_configuration_that_cannot_be_read_is_named(working, monkeypatch, capsys, command, words, message):
    monkeypatch.chdir(working)
    Path(".snakemake").mkdir(exist_ok=True)  # as if something had run
    for name, text in (("bad.yaml", "train: {epochs: 3"), ("text.yaml", "epochs"), ("my.yaml", "train: {epochs: 3}")):
        Path(name).write_text(text)
    with pytest.raises(SystemExit) as stopped:
        cli.main([*command.split(), *words.split()])
    assert stopped.value.code == 1 and capsys.readouterr().err.startswith(f"error: {message}")
