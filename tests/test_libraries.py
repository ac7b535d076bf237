"""Which versions are seen, and which of them count."""

import re

import pytest
from scaffold import HOME, distribution

from rrrn.provenance import sources
from rrrn.running import libraries


@pytest.fixture(autouse=True)
def fresh():
    libraries._version.cache_clear()
    libraries.told.cache_clear()
    yield
    libraries._version.cache_clear()
    libraries.told.cache_clear()


def told(*names: str) -> str:
    return libraries.told(frozenset(names))


def test_versions_are_those_of_the_libraries_themselves():
    import cv2
    import numpy

    expected = [".".join(module.__version__.split(".")[:2]) for module in (cv2, numpy)]
    assert told("numpy", "cv2") == "cv2-{},numpy-{}".format(*expected)


@pytest.mark.parametrize(("version", "said"), [("4.11.0.86", "4.11"), ("5.1", "5.1"), ("6", "6"), ("2.4.0+cpu", "2.4")])
def test_the_first_two_numbers_count(tmp_path, monkeypatch, version, said):
    monkeypatch.syspath_prepend(str(distribution(tmp_path, "numpy", version)))
    assert told("numpy") == f"numpy-{said}"


@pytest.mark.parametrize("name", ["opencv-python", "opencv-python-headless", "opencv-contrib-python"])
def test_any_opencv_counts(tmp_path, monkeypatch, name):
    monkeypatch.setattr("sys.path", [str(distribution(tmp_path, name, "4.9.0.80"))])
    assert told("cv2", "dlib") == "cv2-4.9,dlib-absent"


@pytest.mark.parametrize(
    ("before", "now", "changed"),
    [
        ("numpy-2.4", "numpy-2.4", []),
        ("cv2-5.0,numpy-2.4", "cv2-5.1,numpy-2.4", [("cv2", "5.0", "5.1")]),
        ("numpy-2.4", "", []),
        ("", "numpy-2.4", []),
        ("torch-absent", "torch-2.12", []),
        ("torch-2.12", "torch-absent", []),
        ("numpy-2.4", "numpy-2.4,torch-2.12", []),
    ],
)
def test_what_changed(before, now, changed):
    assert libraries.changed(before, now) == changed


def test_every_watched_library_is_pinned_by_a_name_that_is_known():
    """One that is renamed in requirements.txt would be absent, and nobody would be told."""
    pinned = set(re.findall(r"^([\w-]+)==", (HOME / "requirements.txt").read_text(), re.M))
    assert all(pinned.intersection(names) for names in libraries.WATCHED.values())


def test_every_watched_library_is_of_some_stage():
    stages = [
        "rrrn.stages.faces",
        "rrrn.stages.render",
        "rrrn.stages.svm",
        "rrrn.stages.train",
        "rrrn.stages.flow",
        "rrrn.flow.numba.numba_engine",
    ]
    assert sources.beyond(*stages) >= set(libraries.WATCHED)
