"""A GPU whose memory is full is a user's matter: one message with the remedy, whoever of its libraries says so."""

from collections.abc import Iterator
from contextlib import contextmanager

from rrrn.running.stage import InputError

_CLASS = "OutOfMemoryError"  # PyTorch's, which this module does not import
_WORDS = ("out of memory", "ALLOC_FAILED", "ALLOCATION_FAILED")  # of CUDA and Triton, cuBLAS, cuDNN: RuntimeErrors
_HOST = "HOST_ALLOCATION"  # of cuDNN, for memory that is not the GPU's


@contextmanager
def told(remedy: str) -> Iterator[None]:
    """Raise InputError, which ends in the remedy, where the block runs out of a GPU's memory."""
    try:
        yield
    except RuntimeError as error:
        if not is_meant(error):
            raise
        raise InputError(f"the GPU's memory is full; {remedy}") from None


def is_meant(error: RuntimeError) -> bool:
    """Return whether an error of PyTorch says that a GPU's memory is full; that of the host is another matter."""
    if type(error).__name__ == _CLASS:
        return True
    return _HOST not in str(error) and any(word in str(error) for word in _WORDS)
