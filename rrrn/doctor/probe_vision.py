"""Facts about OpenCV, dlib, its models and numba's cache, printed as JSON."""

import importlib
import importlib.util
import json
from pathlib import Path
from typing import Any

MODEL = "shape_predictor_68_face_landmarks.dat"


def facts() -> dict[str, Any]:
    """Return what can be imported and loaded; a text is empty if all is well."""
    found: dict[str, Any] = {"opencv": "", "contrib": False, "dlib": "", "model": "", "model_bytes": 0, "numba": ""}
    try:
        cv2 = importlib.import_module("cv2")
        found["contrib"] = hasattr(cv2, "optflow")
    except ImportError as error:
        found["opencv"] = str(error)
    package = importlib.util.find_spec("face_recognition_models")
    if package is None or package.origin is None:
        found["model"] = "the package face_recognition_models is not installed"
    else:
        path = Path(package.origin).parent / "models" / MODEL
        found["model_bytes"] = path.stat().st_size if path.is_file() else 0
    try:
        dlib = importlib.import_module("dlib")
        if found["model_bytes"]:
            dlib.shape_predictor(str(path))
    except ImportError as error:
        found["dlib"] = str(error)
    except RuntimeError as error:
        found["model"] = str(error).splitlines()[0]
    try:
        found["cache"] = str(importlib.import_module("rrrn.flow.numba.compiled").directory())
    except ImportError as error:
        found["numba"] = str(error)
    return found


if __name__ == "__main__":
    print(json.dumps(facts()))
