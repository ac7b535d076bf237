"""docs/extending.md, run as it stands there: a network, a descriptor and an occluder outside of the repository."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import warm_python
import yaml
from scaffold import CONFIG, ENVIRONMENT, HOME, begin, copy, knowing, snakemake

from rrrn.data import clips
from rrrn.experiment import conditions, config, defaults, methods, outside, registry
from rrrn.planning import jobs, model, rates
from rrrn.provenance import sources
from rrrn.running.stage import InputError
from rrrn.training import history

TEXT = (HOME / "docs/extending.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^```(?:python|yaml)\n# (\S+)\n(.*?)^```$", TEXT, re.M | re.S))
COMMANDS = re.findall(r"^```bash\n(.*?)^```$", TEXT, re.M | re.S)
TABLE = [clip for clip in clips.read(HOME / "tests/clips.csv") if clip.database == "synsamm"]
TOY = yaml.safe_load((HOME / "tests/config.yaml").read_text()) | {"protocol": {"train_condition": "clean"}}
SETTINGS = ("protocol", "augment", "flow", "pack", "describe", "train")


@pytest.fixture(autouse=True)
def registered():
    yield
    registry.use({})


def write(folder: Path) -> Path:
    """The files of the text, and a toy's settings."""
    for name, text in BLOCKS.items():
        (folder / name).write_text(text, encoding="utf-8")
    clips.write(TABLE, folder / "clips.csv")
    kept = {key: TOY[key] for key in SETTINGS}
    (folder / "toy.yaml").write_text(yaml.safe_dump(kept | {"clips": "clips.csv"}))
    return folder


def planned(folder: Path) -> dict[str, int]:
    files = ["../rrrn/config.yaml", "extended.yaml", "--config", "clips=../rrrn/data/clips.csv"]
    told = ["-n", "--quiet", "rules", "-s", "../rrrn/Snakefile", "--configfile", *files, "--", "results/table_iv.csv"]
    # unlike the command, python -m would take modules of the working directory for the library's
    done = snakemake(folder, *told, PYTHONSAFEPATH="1")
    assert done.returncode == 0, done.stdout + done.stderr
    counts = re.findall(r"^(\w+) +(\d+)$", done.stdout + done.stderr, re.M)
    return {rule: int(count) for rule, count in counts if rule != "total"}


@pytest.fixture(scope="module")
def extended(tmp_path_factory, done) -> Path:
    """The three run to the table by the commands of the text, in a folder with a blank in its path.

    They are typed beside a clone whose default is the toy, on faces that the toy run found.
    """
    clone = toy_clone(tmp_path_factory.mktemp("my experiment") / "rrrn")
    begins, runs = COMMANDS
    typed(clone, begins)
    folder = write(clone.with_name("extended"))
    toy = yaml.safe_load((folder / "toy.yaml").read_text())
    (folder / "toy.yaml").write_text(yaml.safe_dump(toy | {"clips": "../rrrn/data/clips.csv"}))
    begin(folder, done, *(f"{place}/synsamm-*" for place in ("data/synthetic", "results/faces", "results/anchors")))
    (folder / "random.py").write_text("raise SystemExit('hides the library')\n")  # beside the plugins
    typed(knowing(folder), runs)
    return folder


def toy_clone(root: Path) -> Path:
    """What the commands of the text need of a clone, with settings and clips of the toy as its default."""
    for part in ("workflow", "envs"):
        shutil.copytree(HOME / part, root / part)
    shutil.copy(HOME / "Snakefile", root)
    default = yaml.safe_load((HOME / "config.yaml").read_text(encoding="utf-8"))
    (root / "config.yaml").write_text(yaml.safe_dump(config.merge([default, {key: TOY[key] for key in SETTINGS}])))
    (root / "data").mkdir()
    clips.write(TABLE, root / "data/clips.csv")
    program = root / ".venv/bin/snakemake"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(str(warm_python.python()))} -P -m snakemake "$@"\n')
    program.chmod(0o755)
    return root


def typed(folder: Path, commands: str) -> None:
    words = ["bash", "-euxo", "pipefail", "-c", commands]
    done = subprocess.run(words, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_text_has_one_of_each():
    assert list(BLOCKS) == ["mine.py", "differences.py", "hand.py", "extended.yaml"]
    for name, most in (("mine.py", 36), ("differences.py", 18), ("hand.py", 28)):
        assert len([line for line in BLOCKS[name].splitlines() if line]) < most


def test_histories_are_read_as_the_text_says(tmp_path, monkeypatch, capsys):
    for number, losses in enumerate(((1.5, 0.5), (1.25, 0.75))):
        rows = [{"epoch": epoch, "total": loss, "seconds": 2.0} for epoch, loss in enumerate(losses, 1)]
        history.write(rows, tmp_path / f"logs/train/mine/none/s{number}-0.csv")
    monkeypatch.chdir(tmp_path)
    (code,) = [text for text in re.findall(r"^```python\n(.*?)^```$", TEXT, re.M | re.S) if "logs/train" in text]
    exec(code, {})
    names, _, *rows = (line.split() for line in capsys.readouterr().out.splitlines())
    assert names == ["s0-0", "s1-0"] and rows == [["1", "1.5", "1.25"], ["2", "0.5", "0.75"]]


def test_all_three_are_in_the_table(extended):
    table = pd.read_csv(extended / "results/table_iv.csv")
    assert table["Condition"].tolist()[:4] == ["Un-occ", "Hand", "Hand-30%", "Avg."]
    columns = [f"{method} {metric}" for method in ("Mine", "Differences", "Avg.") for metric in ("F1", "WF1")]
    assert table.columns.tolist() == ["Condition", *columns, "Data"]
    assert table[columns].iloc[:4].stack().astype(float).between(0, 1).all()
    rows = pd.read_csv(next((extended / "results/predictions/mine/none").glob("*.csv")))
    assert set(rows["condition"]) == {"none", "hand", "hand-30"}


def test_the_hand_covers_the_share_that_it_is_asked_for(extended):
    import h5py

    from rrrn.data import store

    shares = {}
    for name in ("hand", "hand-30"):
        path = next((extended / "results/occluded" / name).glob("*.h5"))
        with store.reading(path) as file:
            group = next(iter(file.values()))
            assert isinstance(group, h5py.Group) and group.attrs["occluder"] == "hand"
            shares[name] = int((group["alpha"][()] > 127).sum())
    assert shares["hand-30"] / shares["hand"] == pytest.approx(1.5, abs=0.05)


def test_in_python_it_is_what_the_workflow_made_of_it(extended, monkeypatch, capsys):
    (block,) = re.findall(r"^```python\n(from rrrn import benchmark\n.*?)^```$", TEXT, re.M | re.S)
    monkeypatch.chdir(extended)
    told = {}
    with pytest.warns(UserWarning, match="nothing of ResNet18"):
        exec(block.replace('"extended.yaml"', '"extended.yaml", "toy.yaml"'), told)
    assert capsys.readouterr().out == "nan\n"
    assert len(told["found"].predictions) == len({clip.subject for clip in TABLE}) == 2
    for path in told["found"].predictions:
        own, made = (pd.read_csv(one, dtype=str) for one in (path, f"results/predictions/mine/none/{path.name}"))
        assert set(own["made"]) == {"by hand"}
        pd.testing.assert_frame_equal(own.drop(columns=["made", "digest"]), made.drop(columns=["made", "digest"]))
    long = pd.read_csv("results/table_iv_long.csv").drop(columns="paper")
    own = pd.read_csv(told["found"].folder / "scores.csv")
    mine = long[long["method"].isin(own["method"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(own, mine[own.columns])


AFTER = {"score": 3, "table": 1}
CHANGES = [
    ("mine.py", "dim=1", "dim=-2", {"train": 2, **AFTER}),
    ("mine.py", "0 is the uncropped face", "0 is the whole face", {}),
    ("mine.py", '"label": "Mine"', '"label": "My own"', {"table": 1}),
    ("extended.yaml", "width: 12", "width: 10", {"train": 2, **AFTER}),
    ("differences.py", "(0, 64)", "(0, 32)", {"describe": 3, "svm": 1, **AFTER}),
    ("differences.py", '"bins": 8', '"bins": 4', {"describe": 3, "svm": 1, **AFTER}),
    (
        "hand.py",
        "[150, 170, 210]",
        "[140, 170, 210]",
        {"occlude": 4, "flow": 4, "pack": 2, "train": 2, "describe": 2, "svm": 1, "score": 6, "table": 1},
    ),
]


@pytest.mark.parametrize(("name", "old", "new", "expected"), CHANGES)
def test_an_edit_runs_its_own_again_and_no_more(extended, name, old, new, expected):
    path = extended / name
    text = path.read_text()
    assert old in text
    try:
        path.write_text(text.replace(old, new, 1))
        assert planned(extended) == expected
    finally:
        path.write_text(text)


def test_nothing_is_left_to_do_and_the_table_verifies(extended):
    assert planned(extended) == {}
    words = ["rrrn", "verify", "results/table_iv.csv", "--configfile", "extended.yaml", "toy.yaml"]
    assert "is what the present" in said(extended, *words)
    assert "those that it was made of" in said(extended, "rrrn.commands.show", "results/table_iv.csv")


def said(folder: Path, *words: str) -> str:
    command = [warm_python.python(), "-P", "-m", *words]
    done = subprocess.run(command, cwd=folder, env=os.environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_plan_without_rates_of_them_takes_the_mean_and_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(write(tmp_path))
    own = defaults.whole([Path("extended.yaml"), Path("toy.yaml")])
    costing = model.Model(own, TABLE, rates.reference(own), on_gpu=False)
    listed = [
        jobs.Job("train", {"network": "mine", "trained_on": "none", "fold": TABLE[0].subject, "seed": "0"}),
        jobs.Job("describe", {"descriptor": "differences", "condition": "hand"}),
        jobs.Job("svm", {"descriptor": "differences", "trained_on": "none"}),
        jobs.Job("occlude", {"condition": "hand-30", "subject": TABLE[0].subject}),
    ]
    for job in listed:
        found = costing.cost(job)
        assert found.cpu > costing.rates.of("start.score") and found.bytes > 0
    assert costing.guessed == {"mine", "differences", "hand"}
    known = [costing.rates.of(f"features.{name}") for name in ("lbp_top", "lbp_sip", "hog3d")]
    assert costing._rate_of_method("features.{}", "differences") == pytest.approx(np.mean(known))


# ---- mistakes


def fails(folder: Path, **changed) -> str:
    with pytest.raises(InputError) as said:
        config.check(config.merge([yaml.safe_load((HOME / "config.yaml").read_text()), changed]), defaults_schema())
    assert "\n" not in str(said.value)
    return str(said.value)


def defaults_schema() -> Path:
    return HOME / "workflow/schemas/config.schema.yaml"


METHOD = 'METHOD = {"name": "mine", "label": "Mine", "kind": "network"}\n'
BUILD = "def build(): ...\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "plugins: mine.py: there is no such file; relative paths start in the working directory"),
        ("def build(:\n" + METHOD, "plugins: mine.py: is no Python (invalid syntax (<unknown>, line 1))"),
        ("import torch\n", "plugins: mine.py: declares no method and no kind of occluder: it needs METHOD = {…}"),
        ("x = 1\nMETHOD = dict(name='mine')\n", "mine.py, line 2: METHOD must be a dictionary of plain values"),
        (METHOD, "mine.py: declares a METHOD and has no build"),
        (METHOD.replace("network", "descriptor") + BUILD, "mine.py: declares a METHOD and has no describe"),
        (METHOD.replace('"mine"', '"rrrn"') + BUILD, "METHOD has the name 'rrrn', which rrrn.networks.rrrn.model has"),
        (METHOD.replace('"Mine"', '"RRRN"') + BUILD, "METHOD has the label 'RRRN', which the method rrrn has"),
        (METHOD.replace('"Mine"', '"Avg."') + BUILD, "METHOD has the label 'Avg.', which no column of a table"),
        (METHOD.replace('"mine"', '"../mine"') + BUILD, "METHOD has the name '../mine', which is part of paths"),
        (METHOD.replace('"mine"', '"a,b"') + BUILD, "METHOD has the name 'a,b', which is part of paths"),
        (METHOD.replace('"mine"', "7") + BUILD, "METHOD has the name 7, which is no str"),
        (METHOD.replace('"network"', '"forest"') + BUILD, "METHOD has the kind 'forest', which is none of network"),
        (METHOD.replace("}", ', "lable": 1}') + BUILD, "METHOD has the unknown field 'lable'"),
        (METHOD.replace("}", ', "defaults": {"a": None}}') + BUILD, "METHOD has the default 'a': None"),
        (METHOD.replace("}", ', "schema": {"a": {}}}') + BUILD, "METHOD has a schema of 'a', which has no default"),
        (
            METHOD.replace("}", ', "defaults": {"a": 1}, "schema": {"a": {"type": "whole"}}}') + BUILD,
            "mine.py: the schema of 'a' is no JSON Schema",
        ),
        (METHOD.replace("}", ', "section": "nowhere"}') + BUILD, "METHOD has the section 'nowhere', which no network"),
        (METHOD.replace("}", ', "section": "crops"}') + BUILD, "METHOD has the section 'crops', which no network"),
        (METHOD.replace("}", ', "weights": "rrrn"}') + BUILD, "METHOD has the weights 'rrrn', which no network has"),
        (
            METHOD.replace("}", ', "weights": {"from": "x"}}') + BUILD,
            "METHOD has the weights {'from': 'x'}; it must be",
        ),
        (
            'KIND = {"name": "mask", "label": "M"}\nprepare = 1\n',
            "KIND has the name 'mask', which rrrn.occlusion.kinds.mask",
        ),
        ('KIND = {"name": "a-b", "label": "M"}\nprepare = 1\n', "KIND has the name 'a-b', which is part of paths"),
        ('KIND = {"name": "mixed", "label": "M"}\nprepare = 1\n', "KIND has the name 'mixed', which is that of a"),
        ('KIND = {"name": "hat", "label": "Hat"}\n', "mine.py: declares a KIND and has no prepare"),
        (
            'KIND = {"name": "hat", "label": "Hat", "pictures": True}\nprepare = 1\n',
            "mine.py: declares a KIND and has no NAMES",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_one_message(tmp_path, monkeypatch, text, message):
    monkeypatch.chdir(tmp_path)
    if text is not None:
        Path("mine.py").write_text(text)
    said = fails(tmp_path, plugins=["mine.py"], methods=["mine"])
    assert said.startswith("configuration: ") or said.startswith("mine.py: the schema"), said
    assert message in said


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"methods": ["your"]}, "methods.0: 'your' is not one of ["),
        (
            {"conditions": ["hat"]},
            "conditions.0 is 'hat' and must be none, mask, glasses, random-01 to",
        ),
        ({"conditions": ["hand-00"]}, "conditions.0 is 'hand-00' and must be"),
        (
            {"networks": {"mine": {"width": "wide"}}},
            "networks.mine.width is the text 'wide' and must be of type int",
        ),
        (
            {"networks": {"mine": {"widht": 3}}},
            "networks.mine has the unknown key 'widht' (did you mean width?); known are dropout, width",
        ),
        ({"networks": {"yours": {}}}, "networks has the unknown key 'yours'; known are dual_inception, mine, "),
        ({"occlude": {"hand": {"percent": 2.5}}}, "occlude.hand.percent: 2.5 is not of type 'integer'"),
        ({"plugins": "mine.py"}, "plugins is 'mine.py' and must be a list of files"),
        ({"plugins": ["mine.txt"]}, "plugins: 'mine.txt' is no file of Python; it must end in .py"),
    ],
)
def test_settings_of_ones_own_are_checked(tmp_path, monkeypatch, changed, message):
    monkeypatch.chdir(write(tmp_path))
    plugins = {"plugins": ["mine.py", "hand.py"], "methods": ["mine"]}
    assert message in fails(tmp_path, **config.merge([plugins, changed]))


def test_limits_that_a_method_declares_hold(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    limits = ', "defaults": {"a": 0.5, "b": "x"}, "schema": {"a": {"maximum": 1}, "b": {"enum": ["x", "y"]}}}'
    Path("mine.py").write_text(METHOD.replace("}", limits) + BUILD)
    assert "networks.mine.a: 2.0 is greater" in fails(tmp_path, plugins=["mine.py"], networks={"mine": {"a": 2.0}})
    assert "networks.mine.b: 'z' is not one" in fails(tmp_path, plugins=["mine.py"], networks={"mine": {"b": "z"}})


def test_what_is_missing_has_its_default(tmp_path, monkeypatch):
    monkeypatch.chdir(write(tmp_path))
    own = defaults.whole([Path("extended.yaml")])
    assert own["networks"]["mine"] == {"width": 12, "dropout": 0.1}
    assert own["describe"]["differences"] == {"bins": 8} and own["occlude"]["hand"] == {"percent": 20}
    assert conditions.parse("hand-30") == ("hand", 30) and conditions.parse("hand") == ("hand", None)
    defaults.whole([])  # another configuration has other plugins
    assert "mine" not in methods.METHODS and "hand" not in conditions.KINDS


@pytest.mark.parametrize("condition", ["mask-30", "none-05", "random", "random-00", "hat"])
def test_a_condition_is_one_that_its_kind_has(condition):
    with pytest.raises(InputError, match=f"condition '{condition}' is unknown; use none, mask, glasses or random-01"):
        conditions.parse(condition)


def test_a_kind_of_pictures_has_the_setting_of_where_they_are(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kind = 'KIND = {"name": "veil", "label": "Veil", "pictures": True, "defaults": {"width": 1.5}}\n'
    Path("veil.py").write_text(f"{kind}NAMES = ()\ndef template(name): ...\ndef prepare(scene, settings): ...\n")
    Path("own.yaml").write_text("plugins: [veil.py]\nconditions: [none, veil]\n")
    assert defaults.whole([Path("own.yaml")])["occlude"]["veil"] == {"art": "built_in", "width": 1.5}


def test_a_linked_file_imports_what_lies_where_it_leads_to(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    Path("there").mkdir()
    Path("there/linked.py").write_text("import beside_the_link\nx = beside_the_link.x\n")
    Path("there/beside_the_link.py").write_text("x = 1\n")
    Path("linked.py").symlink_to("there/linked.py")
    before = digest("linked.py")
    assert outside.load("linked.py").x == 1
    Path("there/beside_the_link.py").write_text("x = 2\n")
    sources.forget()
    assert digest("linked.py") != before


def test_a_mistake_ends_a_run_before_it_starts(tmp_path):
    root = copy(tmp_path)
    with (root / "tests/config.yaml").open("a") as file:
        file.write("plugins: [mine.py]\n")
    done = snakemake(root, "--cores", "1", *CONFIG, "--quiet", "all")
    assert done.returncode != 0 and done.stderr.splitlines() == [
        "error: configuration: plugins: mine.py: there is no such file; relative paths start in the working directory"
    ]
    assert not (root / "results").exists()


# ---- where a plugin's code lies, and what of it is compared


def digest(module: str) -> str:
    return sources.current("rrrn.stages.train", module)


def test_what_a_file_imports_of_its_folder_is_compared_with_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(METHOD + BUILD + "from layers.deep import x\nimport helper, numpy\n")
    for name in ("helper.py", "unused.py", "layers/__init__.py", "layers/deep.py", "layers/wide.py"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text("x = 1\n")
    Path("layers/deep.py").write_text("from . import wide\nfrom ..rrrn import metrics\nx = wide.x\n")
    before = digest("mine.py")
    for name, counts in (
        ("helper.py", True),
        ("unused.py", False),
        ("layers/__init__.py", True),
        ("layers/deep.py", True),
        ("layers/wide.py", True),
    ):
        text = Path(name).read_text()
        Path(name).write_text(f"# why\n{text}")
        assert digest("mine.py") == before
        Path(name).write_text(f"{text}y = 2\n")
        assert (digest("mine.py") != before) == counts, name
        Path(name).write_text(text)
    Path("helper.py").write_text("x = = 1\n")
    with pytest.raises(InputError, match=r"helper\.py: is no Python"):
        digest("mine.py")


def test_code_of_the_package_that_a_file_imports_is_compared_with_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text("import os\n")
    alone = sources.current("mine.py")
    seen = []
    monkeypatch.setattr(sources, "_read", lambda path, read=sources._read: seen.append(path) or read(path))
    Path("mine.py").write_text("import os\nfrom rrrn.networks.rrrn import relation\n")
    assert sources.current("mine.py") != alone
    assert HOME / "rrrn/networks/rrrn/relation.py" in seen and HOME / "rrrn/networks/network.py" not in seen


def test_a_module_is_loaded_by_its_file_and_hides_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    Path("colorsys.py").write_text("raise AssertionError\n")
    Path("mine_own.py").write_text("import colorsys\nimport beside_it\nx = colorsys.rgb_to_hsv(*beside_it.x)\n")
    Path("beside_it.py").write_text("x = 0, 0, 1\n")
    found = outside.load("mine_own.py")
    assert found.x[2] == 1 and outside.load("mine_own.py") is found
    with pytest.raises(InputError, match=r"nowhere\.py: there is no such file"):
        outside.load("nowhere.py")
    with pytest.raises(InputError, match=r"no_package\.mine: there is no such module here"):
        outside.load("no_package.mine")


@pytest.fixture
def installed(tmp_path, monkeypatch) -> Iterator[Path]:
    """A package with an entry point, as pip leaves it, whose import costs what is not to be paid."""
    place = tmp_path / "site"
    (place / "a_package").mkdir(parents=True)
    (place / "a_package-1.0.dist-info").mkdir()
    (place / "a_package-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: a-package\nVersion: 1.0\n")
    points = "[rrrn.methods]\nown = a_package.mine\n"
    (place / "a_package-1.0.dist-info/entry_points.txt").write_text(points)
    (place / "a_package/__init__.py").write_text("RAN = True\n")
    (place / "a_package/mine.py").write_text(METHOD + BUILD + "from a_package import layers\nimport numpy\n")
    (place / "a_package/layers.py").write_text("x = 1\n")
    (place / "numpy.py").write_text("raise AssertionError\n")  # of the same place, and of another package
    monkeypatch.setattr(sys, "path", [*sys.path, str(place)])
    yield place / "a_package"
    for name in [name for name in sys.modules if name.partition(".")[0] == "a_package"]:
        del sys.modules[name]


def test_an_installed_package_is_found_by_its_entry_point(installed):
    registry.use({"methods": ["rrrn"]})
    assert "mine" not in methods.METHODS  # nobody asks
    registry.use({"methods": ["rrrn", "mine"]})
    assert methods.METHODS["mine"].module == "a_package.mine" and methods.METHODS["mine"].outside
    assert "a_package" not in sys.modules
    before = digest("a_package.mine")
    (installed.parent / "numpy.py").write_text("raise ValueError\n")
    assert digest("a_package.mine") == before
    (installed / "layers.py").write_text("x = 2\n")
    with_layers = digest("a_package.mine")
    (installed / "__init__.py").write_text("RAN = False\n")
    assert len({before, with_layers, digest("a_package.mine")}) == 3
    assert outside.load("a_package.mine").layers.x == 2


def test_an_installed_package_is_found_if_only_a_variant_asks_for_it(installed):
    told = {"methods": ["mine-wide"], "variants": {"mine-wide": {"of": "mine", "settings": {"width": 2}}}}
    registry.use(told)
    assert methods.METHODS["mine-wide"].module == "a_package.mine" and methods.METHODS["mine-wide"].outside
    registry.use({"ablation": ["mine"]})
    assert "mine" in methods.METHODS and "mine-wide" not in methods.METHODS


def test_an_entry_point_that_cannot_be_used_is_named(installed):
    (installed / "mine.py").write_text("import os\n")
    with pytest.raises(InputError, match=r"entry point rrrn\.methods own: a_package\.mine: declares no method"):
        registry.use({"methods": ["mine"]})
