"""The engine ``cuda``: many pairs at once in PyTorch, with Triton's kernels where these are to be had."""
