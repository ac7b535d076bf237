"""Each conda environment holds what the stages that run in it import."""

import ast
import re
import sys
from pathlib import Path

import pytest
import yaml

from rrrn.data import clips
from rrrn.experiment import methods
from rrrn.provenance import sources
from rrrn.provenance.frames_seen import Seen
from rrrn.provenance.recipes import Recipes

FOLDER = sources.HOME / "workflow/rules"
PACKAGES = {  # that bring what is imported, where the names differ
    "cv2": "opencv-contrib-python-headless",
    "dlib": "dlib-bin",
    "llvmlite": "numba",
    "markupsafe": "jinja2",
    "PIL": "pillow",
    "sklearn": "scikit-learn",
    "threadpoolctl": "scikit-learn",
    "triton": "torch",
    "vl_convert": "vl-convert-python",
    "yaml": "pyyaml",
}
CONFIG = yaml.safe_load((sources.HOME / "config.yaml").read_text())
EVERYTHING = CONFIG | {"methods": list(methods.METHODS)}
RECIPES = list(Recipes(EVERYTHING, clips.read(sources.HOME / CONFIG["clips"]), Seen(Path())).with_report())
ENGINES = {"vision": {"numba", "opencv"}, "vision_gpu": {"cuda"}}  # of the rule flow
RULES = {
    name: text
    for file in FOLDER.glob("*.smk")
    for name, text in re.findall(r"^rule (\w+):\n(.*?)(?=^\S|\Z)", file.read_text(), re.M | re.S)
}
ENVIRONMENTS = [
    (rule, environment) for rule, text in RULES.items() for environment in re.findall(r"envs/(\w+)\.yaml", text)
]


def stages(rule: str, environment: str) -> set[str]:
    """The modules that a rule runs in an environment, whatever its wildcards are."""
    found = set(re.findall(r"python -m (rrrn\.stages\.\w+)", RULES[rule]))
    for recipe in RECIPES:
        if recipe.modules[0] in found:
            found |= set(recipe.modules)
    if rule == "flow":
        found = {name for name in found if not name.endswith("_engine")}
        found |= {f"rrrn.flow.{engine}.{engine}_engine" for engine in ENGINES[environment]}
    return found


def imported(modules: set[str]) -> set[str]:
    """The packages that modules of rrrn or the benchmarks, and those that they import, take from elsewhere."""
    seen: set[str] = set()
    outside: set[str] = set()
    todo = list(modules)
    while todo:
        name = todo.pop()
        if name.split(".")[0] not in ("rrrn", "benchmarks"):
            outside.add(name.split(".")[0])
        elif name not in seen and (path := sources.HOME.joinpath(*name.split(".")).with_suffix(".py")).is_file():
            seen.add(name)
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ImportFrom):
                    todo += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
                elif isinstance(node, ast.Import):
                    todo += [alias.name for alias in node.names]
    return outside - set(sys.stdlib_module_names)


def held(environment: str) -> set[str]:
    text = (sources.HOME / f"envs/{environment}.yaml").read_text()
    return {line.split("==")[0] for line in yaml.safe_load(text)["dependencies"][-1]["pip"]}


@pytest.mark.parametrize(("rule", "environment"), ENVIRONMENTS)
def test_environment_holds_what_its_stages_import(rule, environment):
    ran = stages(rule, environment)
    wanted = {PACKAGES.get(name, name) for name in imported(ran)}
    assert ran and wanted <= held(environment)


def test_benchmark_for_gpus_needs_no_more_than_it_says():
    """A machine with a GPU may have no dlib and no numba."""
    assert imported({"benchmarks.flow_cuda"}) == {"cv2", "numpy", "torch", "triton"}


def test_environments_are_all_asked_about():
    assert "rrrn.networks.controls.rrrn_no_rr" in stages("train", "torch")
    assert "rrrn.descriptors.hog3d" in stages("describe", "vision")
    assert {environment for _, environment in ENVIRONMENTS} == {p.stem for p in sources.HOME.glob("envs/*.yaml")}
    assert ("flow", "vision") in ENVIRONMENTS and ("flow", "vision_gpu") in ENVIRONMENTS
