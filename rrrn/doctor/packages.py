"""Python, and of the libraries that requirements.txt names those that rrrn needs to run."""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata

from rrrn.doctor.finding import Finding, error, ok, warning
from rrrn.running import resources, workplace

OLDEST, NEWEST = (3, 11), (3, 13)
_SAME = {  # distributions that hold the same module
    "dlib-bin": ("dlib-bin", "dlib"),
    "opencv-contrib-python-headless": ("opencv-contrib-python-headless", "opencv-contrib-python"),
}


@dataclass(frozen=True)
class Facts:
    """Version of Python; wanted versions by distribution; installed versions of all distributions."""

    python: tuple[int, ...]
    wanted: Mapping[str, str]
    installed: Mapping[str, str]


def collect() -> Facts:
    """Look at this interpreter."""
    text = resources.path("requirements.txt").read_text(encoding="utf-8")
    needed = _required()
    wanted = {
        name: version
        for name, version in re.findall(r"^([\w.-]+)==([\w.]+)", text, re.M)
        if not needed or _spelled(name) in needed
    }
    installed = {
        _spelled(found.metadata["Name"]): found.version for found in metadata.distributions() if found.metadata["Name"]
    }
    return Facts(sys.version_info[:3], wanted, installed)


def _required() -> set[str]:
    """Return the distributions that the installed rrrn names as needed; none where it runs without being installed."""
    try:
        lines = metadata.requires("rrrn") or []
    except metadata.PackageNotFoundError:
        return set()
    return {_spelled(re.split(r"[^\w.-]", line)[0]) for line in lines if "extra ==" not in line}


def _spelled(name: str) -> str:
    return name.lower().replace("_", "-")


def check(facts: Facts) -> list[Finding]:
    """Judge the versions."""
    return [python(facts), libraries(facts), *setuptools(facts), *opencv(facts)]


def python(facts: Facts) -> Finding:
    """Judge Python's version."""
    name = ".".join(map(str, facts.python))
    if facts.python[:2] < OLDEST:
        return error("Python", f"{name} is too old", "make an environment with Python 3.11 to 3.13")
    if facts.python[:2] > NEWEST:
        return warning("Python", f"{name} is newer than what was tested", "use Python 3.11 to 3.13 if anything fails")
    return ok("Python", name)


def libraries(facts: Facts) -> Finding:
    """Judge whether every library is there, and not older than the tested one."""
    missing, old = [], []
    for name, wanted in facts.wanted.items():
        spelled = _spelled(name)
        found = next(
            (facts.installed[same] for same in _SAME.get(spelled, (spelled,)) if same in facts.installed), None
        )
        if found is None:
            missing.append(name)
        elif _release(found)[:2] < _release(wanted)[:2]:
            old.append(f"{name} {found} (tested: {wanted})")
    if missing:
        return error("libraries", f"missing: {', '.join(missing)}", workplace.installing())
    if old:
        return warning("libraries", f"older than tested: {', '.join(old)}", workplace.installing())
    return ok("libraries", f"all {len(facts.wanted)} that rrrn needs")


def setuptools(facts: Facts) -> list[Finding]:
    """Judge setuptools, whose pkg_resources the package of the landmark model still needs."""
    found = facts.installed.get("setuptools", "")
    if found and _release(found) < (81,):
        return []
    said = f"setuptools {found} warns about or lacks pkg_resources" if found else "setuptools is missing"
    return [warning("setuptools", f"{said}, which face_recognition needs", "pip install 'setuptools<81'")]


def opencv(facts: Facts) -> list[Finding]:
    """Judge whether several packages have put their OpenCV into one folder, where the last one wins."""
    names = sorted(name for name in facts.installed if name.startswith("opencv-"))
    if len(names) < 2:
        return []
    return [
        error(
            "OpenCV",
            f"{len(names)} packages overwrite each other: {', '.join(names)}",
            f"pip uninstall -y {' '.join(names)}, then {workplace.installing()}",
        )
    ]


def _release(version: str) -> tuple[int, ...]:
    match = re.match(r"[\d.]+", version)
    return tuple(int(part) for part in match[0].split(".") if part) if match else (0,)
