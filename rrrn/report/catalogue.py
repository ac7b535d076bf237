"""The figures that there are, by name, in the order in which they are shown.

Read by the Snakefile, hence the standard library only.
"""

FIGURES = (
    "robustness",
    "confusion",
    "matrix",
    "weights",
    "attention",
    "strips",
    "subjects",
    "ranks",
    "doubts",
    "features",
    "training",
    "times",
)
