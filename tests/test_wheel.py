"""A wheel of the project, away from its checkout: the commands that need no workflow find their files."""

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from rrrn.data.clips import Clip
from rrrn.provenance import sources
from rrrn.running import resources
from rrrn.running.stage import InputError
from rrrn.synthetic.databases import layouts
from rrrn.synthetic.painting import face
from rrrn.synthetic.painting.clip import SyntheticClip
from rrrn.synthetic.painting.presets import PRESETS
from tests.recorded_databases import images

HOME = Path(__file__).resolve().parents[1]
NOT_IN_A_WHEEL = {"Snakefile", "workflow/rules", "workflow/profiles/slurm"}


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """A folder with what the wheel holds, as pip would put it into an environment."""
    folder, place = tmp_path_factory.mktemp("wheel"), tmp_path_factory.mktemp("installed it's")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    built = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(HOME)]
    done = subprocess.run(built, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as file:
        file.extractall(place)
    return place


def rrrn(installed: Path, folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "rrrn", *map(str, words)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
    )


def test_a_wheel_holds_the_package_and_what_its_commands_read(installed):
    asked = set(re.findall(r'resources\.path\("([^"]+)"\)', "".join(p.read_text() for p in HOME.rglob("rrrn/**/*.py"))))
    assert {"config.yaml", "requirements.txt", "data/paper/table_ii.csv", "Snakefile"} <= asked
    asked |= {"workflow/schemas/config.schema.yaml"}
    asked |= {str(path.relative_to(HOME)) for part in ("data", "data/paper") for path in (HOME / part).glob("*.csv")}
    for name in asked - NOT_IN_A_WHEEL:
        assert (installed / "rrrn/share" / name).read_bytes() == (HOME / name).read_bytes()
    own = {path.relative_to(HOME) for ending in ("py", "json") for path in HOME.glob(f"rrrn/**/*.{ending}")}
    own |= {path.relative_to(HOME) for path in HOME.glob("snakemake_logger_plugin_rrrn/*.py")}
    assert own <= {path.relative_to(installed) for path in installed.rglob("*")}
    beside = {path.relative_to(installed).parts[0] for path in installed.iterdir()}
    assert {name.partition("-")[0] for name in beside} == {"rrrn", "snakemake_logger_plugin_rrrn"}


def test_in_a_checkout_files_are_where_the_repository_has_them(monkeypatch, tmp_path):
    assert resources.path("config.yaml") == sources.HOME / "config.yaml" == HOME / "config.yaml"
    monkeypatch.setattr(resources, "_ROOT", tmp_path)
    with pytest.raises(InputError, match=r"config\.yaml: is not there.*clone the repository"):
        resources.path("config.yaml")


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


def test_doctor_says_that_the_workflow_is_not_there(installed, tmp_path):
    done = rrrn(installed, tmp_path, "doctor", "--json")
    found = {one["check"]: one for one in json.loads(done.stdout)["findings"]}
    assert found["workflow"]["state"] == "warning" and "clone the repository" in found["workflow"]["remedy"]
    assert not {"clip table", "SLURM"} & set(found)  # of experiments
    assert {"Python", "libraries", "renaming", "room"} <= set(found)


def test_what_needs_the_workflow_says_so(installed, tmp_path):
    done = rrrn(installed, tmp_path, "plan")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"error: \S.*Snakefile: is not there, .*clone the repository.*\n", done.stderr)
