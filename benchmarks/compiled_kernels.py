"""The kernels of TV-L1 as machine code for an NVIDIA GPU, which needs none to be there, and their instructions."""

import re
from typing import Any

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from rrrn.flow.cuda import triton_kernels

HOPPER = 90  # compute capability, in tenths
_BLOCK_ROWS = 32  # as the engine has them
_LANES = 32  # of a warp
_WHOLE = {"sides", "counts", "live", "again"}  # planes of int32
_NUMBERS = {"limit": "fp32", "tau": "fp32", "scale": "fp32", "threshold": "fp32"}
_COUNTS = {"pairs", "height", "width", "strips", "band_rows", "count", "flip", "parts", "runs"}


def compiled(name: str, capability: int = HOPPER, **constants: Any) -> Any:
    """Compile a kernel with these constants for one warp; return it with its code and what Triton notes of it."""
    kernel = getattr(triton_kernels, name)
    kinds = {argument: "*i32" if argument in _WHOLE else "*fp32" for argument in kernel.arg_names}
    kinds |= {argument: "i32" for argument in kernel.arg_names if argument in _COUNTS}
    kinds |= {argument: kind for argument, kind in _NUMBERS.items() if argument in kernel.arg_names}
    kinds |= dict.fromkeys(constants, "constexpr")
    source = ASTSource(fn=kernel, signature=kinds, constexprs=constants)
    return triton.compile(source, target=GPUTarget("cuda", capability, _LANES), options={"num_warps": 1})


def instructions(columns: int, steps: int, capability: int = HOPPER) -> float:
    """Return how many instructions a lane of ``advance`` issues for a pixel and iteration, without sums of changes.

    Counted in the loop over rows of the machine code, which goes over ``columns`` pixels and ``steps`` iterations.
    """
    kernel = compiled(
        "advance", capability, COLUMNS=columns, STEPS=steps, BLOCK_ROWS=_BLOCK_ROWS, MEASURE=False, FAST=True
    )
    lines = kernel.asm["sass"].splitlines()
    labels = {line.rstrip(":"): k for k, line in enumerate(lines) if re.fullmatch(r"\w+:", line)}
    jumps = ((k, labels.get(found[1])) for k, line in enumerate(lines) if (found := re.search(r"BRA (\w+);", line)))
    loop = max(end - start for end, start in jumps if start is not None and start < end) - 1  # but for its label
    return loop * _LANES / (columns * steps)
