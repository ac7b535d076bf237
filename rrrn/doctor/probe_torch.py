"""Facts about PyTorch, its GPU and Triton, printed as JSON; with ``--weights`` the addresses of ImageNet weights."""

import importlib
import json
import sys
from typing import Any


def facts(networks: list[str]) -> dict[str, Any]:
    """Return versions, whether a tensor can be made on the GPU, and the addresses of the networks' weights."""
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
    if networks:
        from rrrn import weights

        found["addresses"] = {network: weights.address(network) for network in networks}
    return found


if __name__ == "__main__":
    print(json.dumps(facts(sys.argv[1:])))
