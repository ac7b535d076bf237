"""The kernels of TV-L1 as machine code for an NVIDIA GPU (Hopper), which needs none to be there."""

from typing import Any

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from rrrn.tvl1 import triton_kernels

_HOPPER = GPUTarget("cuda", 90, 32)
_WHOLE = {"sides", "counts", "live", "again"}  # planes of int32
_NUMBERS = {"limit": "fp32", "tau": "fp32", "scale": "fp32", "threshold": "fp32"}
_COUNTS = {"pairs", "height", "width", "strips", "band_rows", "count", "flip", "parts", "runs"}


def compiled(name: str, **constants: Any) -> Any:
    """Compile a kernel with these constants for one warp; return it with its code and what Triton notes of it."""
    kernel = getattr(triton_kernels, name)
    kinds = {argument: "*i32" if argument in _WHOLE else "*fp32" for argument in kernel.arg_names}
    kinds |= {argument: "i32" for argument in kernel.arg_names if argument in _COUNTS}
    kinds |= {argument: kind for argument, kind in _NUMBERS.items() if argument in kernel.arg_names}
    kinds |= dict.fromkeys(constants, "constexpr")
    source = ASTSource(fn=kernel, signature=kinds, constexprs=constants)
    return triton.compile(source, target=_HOPPER, options={"num_warps": 1})
