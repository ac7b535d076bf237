"""Facts about PyTorch, its GPU and Triton, and the addresses of published weights, printed as JSON."""

import importlib
import json
import sys
from contextlib import suppress
from typing import Any


def facts(sources: dict[str, str]) -> dict[str, Any]:
    """Return versions, whether a tensor can be made on the GPU, and the address of each network's ``sources``."""
    import torch

    found: dict[str, Any] = {
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "devices": [],
        "tensor": "",
        "triton": "",
        "addresses": {},
    }
    try:
        if torch.cuda.is_available():
            found["devices"] = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
            torch.zeros(8, device="cuda").sum().item()
    except Exception as error:  # drivers fail in many ways
        found["tensor"] = str(error).splitlines()[0]
    if found["devices"]:
        try:
            importlib.import_module("triton")
        except Exception as error:
            found["triton"] = f"{type(error).__name__}: {error}"
    if sources:
        from rrrn.running.stage import InputError
        from rrrn.stages import weights

        for network, source in sources.items():
            with suppress(InputError):  # the job that fetches them says so
                found["addresses"][network] = weights.address(source)
    return found


if __name__ == "__main__":
    print(json.dumps(facts(json.loads(sys.argv[1]) if sys.argv[1:] else {})))
