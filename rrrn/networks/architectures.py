"""The architectures that torchvision publishes, without the rest of torchvision."""

import importlib
import importlib.util
import sys
from types import ModuleType
from typing import Any


def module(name: str) -> Any:
    """Return a module of ``torchvision.models``, for example ``resnet``.

    The packages around it import all of torchvision, and with its operators PyTorch's compiler: 2 s, which no
    training uses. So empty packages stand in for them while it is imported, unless the whole is there already.
    """
    if "torchvision" in sys.modules:
        return importlib.import_module(f"torchvision.models.{name}")
    spec = importlib.util.find_spec("torchvision")
    home = list(spec.submodule_search_locations or []) if spec else []
    for package, path in (("torchvision", home), ("torchvision.models", [f"{folder}/models" for folder in home])):
        sys.modules[package] = ModuleType(package)
        sys.modules[package].__path__ = path
    try:
        return importlib.import_module(f"torchvision.models.{name}")
    finally:  # whoever imports torchvision later gets the whole
        for known in [known for known in sys.modules if known.partition(".")[0] == "torchvision"]:
            del sys.modules[known]
