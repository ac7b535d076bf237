"""The engine ``numba``: OpenCV's solver in compiled kernels, rows of 16 numbers at a time."""
