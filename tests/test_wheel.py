"""A wheel in an environment without the checkout: all commands find their files, and the workflow starts its jobs.

.ci/run has Table IV of two of the toy's subjects made from the wheel, with all methods.
"""

import json
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from test_environments import PACKAGES, imported

from rrrn.commands import init
from rrrn.data.clips import Clip
from rrrn.provenance import sources
from rrrn.running import resources, workplace
from rrrn.running.stage import InputError
from rrrn.synthetic.databases import layouts
from rrrn.synthetic.painting import face
from rrrn.synthetic.painting.clip import SyntheticClip
from rrrn.synthetic.painting.presets import PRESETS
from tests.recorded_databases import images

HOME = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((HOME / "pyproject.toml").read_text())["project"]
BROUGHT = {"llvmlite", "triton", "snakemake_interface_executor_plugins", "snakemake_interface_logger_plugins"}
NAMES = PACKAGES | {"threadpoolctl": "threadpoolctl"}
TOY = """
clips: toy.csv
methods: [lbp_top]
conditions: [none]
"""
TARGET = "results/folds.csv"  # of the quickest job that reads the clip table


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The programs of an environment with the wheel, and the other packages of the one that runs the tests."""
    folder, place = tmp_path_factory.mktemp("wheel"), tmp_path_factory.mktemp("installed it's") / "venv"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    python = place / "bin/python"

    def make(*command: str) -> None:
        done = subprocess.run(command, env=bare(), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    make(*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(HOME))
    make(sys.executable, "-m", "venv", "--without-pip", str(place))
    make(*pip, "--python", str(python), "install", "--no-deps", *map(str, folder.glob("*.whl")))
    (site,) = place.glob("lib/python*/site-packages")
    (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")  # whose own .pth files are not read
    return python.parent


@pytest.fixture(scope="module")
def working(installed, tmp_path_factory) -> Path:
    """A working directory with a table of the toy."""
    root = tmp_path_factory.mktemp("working") / "it's here"
    assert "rrrn run" in run(installed, root.parent, "init", root.name)
    rows = (HOME / "tests/clips.csv").read_text().splitlines(keepends=True)
    (root / "toy.csv").write_text("".join([rows[0], *(row for row in rows[1:] if row.startswith("synsamm,"))]))
    config = yaml.safe_load((root / "config.yaml").read_text()) | yaml.safe_load(TOY)
    del config["protocol"], config["svm"]  # as if a later version of the package had brought them
    (root / "config.yaml").write_text(yaml.safe_dump(config))
    run(installed, root, "run", "--cores", "2", "--scheduler", "greedy", "-q", "all", "--", TARGET)
    return root


def bare() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def rrrn(installed: Path, folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    command = [str(installed / "rrrn"), *map(str, words)]
    return subprocess.run(command, cwd=folder, env=bare(), capture_output=True, text=True)


def run(installed: Path, folder: Path, *words: object) -> str:
    done = rrrn(installed, folder, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def snakemake(installed: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [str(installed / "python"), "-P", "-m", "snakemake", *words]
    return subprocess.run(command, cwd=folder, env=bare(), capture_output=True, text=True)


def test_the_checkout_is_not_what_is_imported(installed, tmp_path):
    asked = "import rrrn, rrrn.running.resources as found; print(rrrn.__file__, found.path('Snakefile'))"
    done = subprocess.run([str(installed / "python"), "-P", "-c", asked], env=bare(), capture_output=True, text=True)
    package = next(installed.parent.glob("lib/python*/site-packages/rrrn"))
    assert done.stdout.strip() == f"{package}/__init__.py {package}/share/Snakefile", done.stderr


def test_a_wheel_holds_the_package_and_what_it_reads(installed):
    site = next(installed.parent.glob("lib/python*/site-packages"))
    asked = set(re.findall(r'resources\.path\("([^"]+)"\)', "".join(p.read_text() for p in HOME.rglob("rrrn/**/*.py"))))
    assert {"config.yaml", "requirements.txt", "data/paper/table_ii.csv", "Snakefile"} <= asked
    for part in ("config", "data/paper", "envs", "workflow"):
        asked |= {str(path.relative_to(HOME)) for path in (HOME / part).rglob("*") if path.is_file()}
    for name in asked | set(init.FILES.values()):
        if (HOME / name).is_file():
            assert (site / "rrrn/share" / name).read_bytes() == (HOME / name).read_bytes()
        else:
            assert (site / "rrrn/share" / name).is_dir()
    told = tomllib.loads((HOME / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]["include"]
    named = [pattern for pattern in told if pattern.startswith(("/config", "/data/")) and "/paper/" not in pattern]
    assert named and not any("*" in pattern for pattern in named)  # tables of a user's databases stay out
    own = {path.relative_to(HOME) for ending in ("py", "json") for path in HOME.glob(f"rrrn/**/*.{ending}")}
    own |= {path.relative_to(HOME) for path in HOME.glob("snakemake_logger_plugin_rrrn/*.py")}
    assert own <= {path.relative_to(site) for path in site.rglob("*")}
    beside = {path.name for path in site.iterdir()} - {"others.pth", "__pycache__"}
    assert {name.partition("-")[0] for name in beside} == {"rrrn", "snakemake_logger_plugin_rrrn"}


def test_in_a_checkout_files_are_where_the_repository_has_them(monkeypatch, tmp_path):
    assert resources.path("config.yaml") == sources.HOME / "config.yaml" == HOME / "config.yaml"
    assert workplace.importable(tmp_path) == HOME and not list(tmp_path.iterdir())
    monkeypatch.setattr(resources, "_ROOT", tmp_path)
    with pytest.raises(InputError, match=r"config\.yaml: is not there.*install it again"):
        resources.path("config.yaml")


def pinned(name: str) -> dict[str, str]:
    found = re.findall(r"^([\w.-]+)==([\w.]+)", (HOME / name).read_text(), re.M)
    return {canonicalize_name(package): version for package, version in found}


def test_the_pinned_versions_are_among_those_that_the_wheel_asks_for():
    pins = pinned("requirements.txt")
    for text in PROJECT["dependencies"]:
        wanted = Requirement(text)
        assert wanted.specifier.contains(pins[canonicalize_name(wanted.name)]), text
    development = [*PROJECT["optional-dependencies"]["dev"], *PROJECT["optional-dependencies"]["docs"]]
    assert {canonicalize_name(Requirement(text).name) for text in development} == set(pinned("requirements-dev.txt"))


def test_the_wheel_asks_for_all_that_the_package_imports():
    modules = {".".join(path.relative_to(HOME).with_suffix("").parts) for path in HOME.glob("rrrn/**/*.py")}
    wanted = {canonicalize_name(NAMES.get(name, name)) for name in imported(modules) - BROUGHT}
    asked = {canonicalize_name(Requirement(text).name) for text in PROJECT["dependencies"]}
    assert {"torch", "snakemake", "av"} <= wanted <= asked
    assert "face-recognition" not in asked and "dlib" not in asked  # which ask for a compiler


def test_a_working_directory_is_made_once(installed, tmp_path):
    run(installed, tmp_path, "init", "work")
    for name, source in init.FILES.items():
        assert (tmp_path / "work" / name).read_bytes() == (HOME / source).read_bytes()
    run(installed, tmp_path, "init", "work")  # nothing differs
    (tmp_path / "work/config.yaml").write_text("mine")
    (tmp_path / "work/data/clips.csv").unlink()
    done = rrrn(installed, tmp_path, "init", "work")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"error: work/config\.yaml: there already, .* --force .*\n", done.stderr)
    assert (tmp_path / "work/config.yaml").read_text() == "mine" and not (tmp_path / "work/data/clips.csv").exists()
    run(installed, tmp_path, "init", "work", "--force")
    assert (tmp_path / "work/config.yaml").read_bytes() == (HOME / "config.yaml").read_bytes()
    assert (tmp_path / "work/data/clips.csv").is_file()


def test_a_working_directory_is_none_where_a_file_is_in_the_way(installed, tmp_path):
    (tmp_path / "work").write_text("mine")
    (tmp_path / "other/Snakefile").mkdir(parents=True)
    for name in ("work", "other"):
        done = rrrn(installed, tmp_path, "init", name)
        assert done.returncode == 1 and re.fullmatch(rf"error: {name}\S*: .*\n", done.stderr), done.stderr
    assert (tmp_path / "work").read_text() == "mine" and len(list((tmp_path / "other").iterdir())) == 1


def test_the_workflow_runs_in_a_working_directory(installed, working):
    assert (working / TARGET).is_file()
    again = snakemake(installed, working, "-n", TARGET)
    assert again.returncode == 0 and "Nothing to be done" in again.stdout + again.stderr
    assert "is what the present configuration" in run(installed, working, "verify", TARGET)
    assert "nothing else runs; going on" in run(installed, working, "resume")
    assert "1 cores" in run(installed, working, "plan", "--no-calibration", "--cores", "1", "--gpus", "0")
    found = json.loads(rrrn(installed, working, "doctor", "--json").stdout)["findings"]
    assert {"clip table", "SLURM"} & {one["check"] for one in found}


def test_the_configuration_of_the_working_directory_holds_for_commands_too(installed, working, tmp_path):
    text = (working / "config.yaml").read_text()
    try:
        (working / "config.yaml").write_text(text + "\nprotocol: {folds: {grouped: 2}}\n")
        done = rrrn(installed, working, "verify", TARGET)
        assert done.returncode == 1 and "not what the present configuration" in done.stderr
        planned = snakemake(installed, working, "-n", TARGET)
        assert "split" in planned.stdout + planned.stderr
    finally:
        (working / "config.yaml").write_text(text)


def test_the_workflow_passes_snakemakes_lint_in_a_working_directory(installed, working):
    done = snakemake(installed, working, "--lint")
    assert done.returncode == 0, done.stderr


def test_jobs_with_environments_of_their_own_import_rrrn_and_nothing_beside_it(installed, tmp_path):
    run(installed, tmp_path, "init", ".")
    (tmp_path / "spy").write_text("include: 'Snakefile'\nprint('code', CODE)\n")
    target = "results/augment/synsamm-006.csv"
    done = snakemake(installed, tmp_path, "-s", "spy", "-n", "--sdm", "env-modules", "--", target)
    (code,) = re.findall(r"^code (.*)$", done.stdout + done.stderr, re.M)
    assert [path.name for path in Path(code).iterdir()] == ["rrrn"]
    assert (Path(code) / "rrrn").resolve() == next(installed.parent.glob("lib/python*/site-packages/rrrn")).resolve()


def test_another_projects_configuration_is_none_of_ours(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text("samples: samples.tsv")
    assert workplace.own("config.yaml") is None
    (tmp_path / "Snakefile").write_text("rule all: input: 'a'")
    assert workplace.path("config.yaml") == HOME / "config.yaml"
    (tmp_path / "Snakefile").write_bytes((HOME / init.FILES["Snakefile"]).read_bytes())
    assert workplace.path("config.yaml") == Path("config.yaml")


def test_a_run_without_a_working_directory_says_so(installed, tmp_path):
    done = rrrn(installed, tmp_path, "run", "--cores", "1")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"error: there is no Snakefile here; rrrn init DIR .*\n", done.stderr)


def test_flow(installed, tmp_path):
    images(tmp_path, range(1, 3), "{}.png")
    done = rrrn(installed, tmp_path, "flow", "1.png", "2.png", "-o", "f.flo", "--engine", "opencv")
    assert done.returncode == 0 and (tmp_path / "f.flo").is_file(), done.stderr


def test_occlude(installed, tmp_path):
    name = "syncasme2-sub02"
    layout = layouts.of_database(name)
    row = Clip("x", name, "EP01", 1, 2, 3, "III", "", "synthetic")
    drawn = SyntheticClip(face.paint(1, name, layout.eye_distance, 0.5), row, layout, PRESETS["easy"], 1, 0.5)
    (tmp_path / "clip").mkdir()
    for number in drawn.numbers:
        cv2.imwrite(str(tmp_path / f"clip/{number}.png"), drawn.render(int(number)))
    done = rrrn(installed, tmp_path, "occlude", "clip", "out", "--condition", "mask")
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "out").iterdir())) == len(drawn.numbers)
    before, after = (cv2.imread(str(path)) for path in (tmp_path / "clip/1.png", tmp_path / "out/00001.png"))
    assert np.any(before != after)


def test_import_of_a_table(installed, tmp_path):
    for name in ("a", "b"):
        images(tmp_path / name, range(1, 5), "{}.png")
    (tmp_path / "own.csv").write_text(
        "subject,clip,onset,apex,offset,class,action_units,folder\ns1,a,1,2,4,x,4+7,a\ns2,b,1,3,4,y,12,b\n"
    )
    done = rrrn(installed, tmp_path, "import", "table", "own.csv", "--output", "clips.csv")
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "clips.csv").read_text().splitlines()) == 3


def test_synthesize(installed, tmp_path):
    run(installed, tmp_path, "synthesize", "drawn", "--layout", "casme2", "--subjects", "1", "--clips", "1", "--short")
    assert list((tmp_path / "drawn").rglob("*.jpg"))


def test_doctor_without_an_experiment(installed, tmp_path):
    done = rrrn(installed, tmp_path, "doctor", "--json")
    found = {one["check"]: one for one in json.loads(done.stdout)["findings"]}
    assert found["experiment"]["state"] == "skipped" and "rrrn init" in found["experiment"]["text"]
    assert not {"clip table", "SLURM"} & set(found)  # of experiments
    assert {"Python", "libraries", "renaming", "room"} <= set(found)
