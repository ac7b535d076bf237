"""A GPU whose memory is full, as PyTorch and the libraries below it say it."""

import pytest
import torch

from rrrn.running import full_gpu
from rrrn.running.stage import InputError


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 3.81 GiB"),
        torch.AcceleratorError("CUDA error: out of memory"),  # where CUDA itself starts
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"),
        RuntimeError("Triton Error [CUDA]: out of memory"),
    ],
    ids=lambda error: str(error)[:20],
)
def test_it_is_a_message_with_the_remedy(error):
    with pytest.raises(InputError, match=r"^the GPU's memory is full; take less$"), full_gpu.told("take less"):
        raise error


def test_other_errors_stay_what_they_are():
    for error in (RuntimeError("CUDA error: an illegal memory access was encountered"), ValueError("out of memory")):
        with pytest.raises(type(error)) as raised, full_gpu.told("take less"):
            raise error
        assert raised.value is error
