"""OpenCV, dlib, the landmark model, and where numba keeps machine code."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rrrn.doctor.finding import Finding, error, late, ok, warning

MODEL_BYTES = 99_693_937  # of the 68-point model
_INSTALL = "pip install --force-reinstall --no-deps"


def check(facts: Mapping[str, Any]) -> list[Finding]:
    """Judge what ``probe_vision`` has said."""
    if "late" in facts:
        return [late("vision", facts["late"])]
    if "failed" in facts:
        return [
            error(
                "vision",
                f"loading OpenCV, dlib and numba failed: {facts['failed']}",
                "if it ended by a signal, the wheels are built for another processor: build dlib from source",
            )
        ]
    return [opencv(facts), dlib(facts), cache(facts)]


def opencv(facts: Mapping[str, Any]) -> Finding:
    """Judge OpenCV; TV-L1 of the engine opencv lies in its contrib modules."""
    if facts["opencv"]:
        return error("OpenCV", f"cannot be imported: {facts['opencv']}", f"{_INSTALL} opencv-contrib-python-headless")
    if not facts["contrib"]:
        return error(
            "OpenCV",
            "is there without its contrib modules (cv2.optflow)",
            "pip uninstall opencv-python opencv-python-headless, then pip install opencv-contrib-python-headless",
        )
    return ok("OpenCV", "with contrib modules")


def dlib(facts: Mapping[str, Any]) -> Finding:
    """Judge dlib and its model of landmarks."""
    if facts["dlib"]:
        return error("dlib", f"cannot be imported: {facts['dlib']}", f"{_INSTALL} dlib-bin")
    if facts["model"] or facts["model_bytes"] != MODEL_BYTES:
        said = facts["model"] or f"the landmark model has {facts['model_bytes']} bytes, not {MODEL_BYTES}"
        return error("dlib", said, f"{_INSTALL} face_recognition_models")
    return ok("dlib", "with the landmark model")


def cache(facts: Mapping[str, Any]) -> Finding:
    """Judge whether compiled flow is kept between jobs."""
    if facts["numba"]:
        return error("numba", f"cannot be imported: {facts['numba']}", f"{_INSTALL} numba llvmlite")
    where = Path(facts["cache"])
    temporary = Path(tempfile.gettempdir())
    if where.is_relative_to(temporary):
        instead = where.parent.parent == temporary and where.parent.name.startswith("rrrn-")  # see its directory()
        why = "as no cache can be written" if instead else f"below {temporary}, which may be emptied"
        return warning(
            "numba",
            f"machine code goes to {where.parent}, {why}; each node compiles, 13 s",
            "export NUMBA_CACHE_DIR=a folder that jobs can write and that stays",
        )
    return ok("numba", f"machine code is kept in {where.parent}")
