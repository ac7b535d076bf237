"""How many GPUs a process sees, asked of NVIDIA's driver alone, since PyTorch takes seconds to answer.

Imported by the Snakefile, hence the standard library only.
"""

import ctypes


def count() -> int:
    """Return how many GPUs the driver shows this process (see CUDA_VISIBLE_DEVICES); 0 without a driver."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return 0
    found = ctypes.c_int()
    failed = driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(found))
    return 0 if failed else found.value
