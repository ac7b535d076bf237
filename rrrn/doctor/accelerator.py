"""PyTorch, the GPU, its driver, and Triton."""

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rrrn.doctor import asking
from rrrn.doctor.finding import Finding, error, late, ok, skipped, warning
from rrrn.running import workplace

ON_GPU = ("cuda",)  # engines of flow


@dataclass(frozen=True)
class Facts:
    """What ``probe_torch`` has said; the CUDA version that nvidia-smi says its driver has; what is configured.

    ``driver`` is None without nvidia-smi, and empty if it fails; ``device`` is train.device, ``engine`` flow.engine.
    """

    torch: Mapping[str, Any]
    driver: str | None
    kernel_module: bool
    device: str
    engine: str


def collect(torch: Mapping[str, Any], device: str, engine: str) -> Facts:
    """Ask nvidia-smi."""
    installed = shutil.which("nvidia-smi")  # where a folder of PATH may not be read, no program is "Permission denied"
    answer = asking.ask([installed]) if installed else asking.NOT_THERE
    version = re.search(r"CUDA (?:UMD )?Version: *([\d.]+)", answer.output)
    driver = None if not installed else version[1] if version else ""
    return Facts(torch, driver, Path("/proc/driver/nvidia/version").exists(), device, engine)


def check(facts: Facts) -> list[Finding]:
    """Judge whether what is configured can run here."""
    if "late" in facts.torch:
        return [late("PyTorch", facts.torch["late"])]
    if "failed" in facts.torch:
        return [error("PyTorch", f"cannot be used: {facts.torch['failed']}", workplace.installing())]
    return [ok("PyTorch", f"{facts.torch['torch']}"), gpu(facts), *triton(facts)]


def gpu(facts: Facts) -> Finding:
    """Judge whether PyTorch can compute on a GPU, and if not, why."""
    devices, built, driver = facts.torch["devices"], facts.torch["cuda"], facts.driver
    asked = [
        f"{key} is {value}"
        for key, value in (("train.device", facts.device), ("flow.engine", facts.engine))
        if value in ON_GPU
    ]
    there = driver is not None or facts.kernel_module
    if devices and facts.torch["tensor"]:
        return error(
            "GPU",
            f"{devices[0]}: no tensor can be made ({facts.torch['tensor']})",
            "look with nvidia-smi whether another process holds the GPU, and whether CUDA_VISIBLE_DEVICES is right",
        )
    if devices:
        return ok("GPU", f"{len(devices)} x {devices[0]}, CUDA {built}")
    if there and not built:
        remedy = f"{workplace.installing()}, which brings CUDA"
        return error("GPU", "there is one, but this PyTorch is built without CUDA", remedy)
    if there and driver and _numbers(driver)[0] < _numbers(str(built))[0]:
        return error(
            "GPU",
            f"its driver knows CUDA {driver}, PyTorch is built for {built}",
            "install a newer driver, or a PyTorch for that CUDA: https://pytorch.org/get-started/previous-versions",
        )
    if there:
        return error(
            "GPU",
            "there is a driver, but PyTorch sees no GPU",
            "look at nvidia-smi and CUDA_VISIBLE_DEVICES; inside of a container pass the GPU through",
        )
    if asked:
        return error(
            "GPU",
            f"none here, and {' and '.join(asked)}",
            "run on a machine with a GPU, or set it to auto; on a login node this is as it should be",
        )
    return skipped("GPU", "none here; networks and flow run on processors")


def triton(facts: Facts) -> list[Finding]:
    """Judge Triton, which the flow on a GPU is written in."""
    if not facts.torch["devices"] or facts.engine not in ("auto", "cuda"):
        return []
    if facts.torch["triton"]:
        said = f"cannot be imported ({facts.torch['triton']}); flow is slower without"
        return [warning("Triton", said, workplace.installing())]
    return [ok("Triton", "can be imported")]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)) or (0,)
