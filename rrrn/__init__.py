"""Recognition of micro-expressions under occlusion, from raw frames to result tables.

For use in Python, each loaded when it is first asked for; docs/library.md tells more:

===============  =======================================================================================
``occlude``      lays a mask, sunglasses or a patch over a clip in memory, and tells what it hides
``tvl1``         finds the TV-L1 optical flow between two images
``descriptors``  LBP-TOP, LBP-SIP, 3DHOG, MDMO and Bi-WOOF as transformers of scikit-learn, in a package
``predict``      tells what a saved model says of a clip
``benchmark``    trains and tests a model of your own as the workflow does, and ranks it under occlusion
===============  =======================================================================================

>>> import rrrn
>>> from rrrn.synthetic import example
>>> frames, landmarks = example.clip()  # of a drawn face
>>> worn = rrrn.occlude(frames, "glasses", landmarks=landmarks)
>>> worn.frames.shape, worn.alpha.shape
((13, 240, 320, 3), (13, 240, 320))
>>> flow = rrrn.tvl1(worn.frames[0, ..., 0], worn.frames[6, ..., 0])
>>> rrrn.descriptors.BiWOOF().transform([flow]).shape
(1, 200)

``help(rrrn.occlude)`` and so on tell of each. All other packages are the workflow's own, and may change with any
version but for what docs/reference/python.md names.
"""

# Each folder of the package answers one question; what stands above imports only what stands below it:
#
# =================================  =====================================================================
# commands, resuming, doctor,
# benchmarking, models               What does a user do beside the workflow?
# sharing                            How is a run shared, and compared with another?
# planning                           What will an experiment take?
# importing                          How does a licensed database become a clip table?
# stages                             What does each rule of the workflow do? One module per rule.
# report                             What do people look at? Figures, and the pages of one HTML file.
# training, tables, spotting         How is a network trained? What is in a result table, and beside it? Where in a clip
#                                    is the expression?
# networks, descriptors, svm,        What is computed? Models, features and their classifier,
# occlusion, flow, synthetic, face   occluders, flow, drawn faces, faces.
# provenance                         What is a file made from, and does it fit what is asked for now?
# experiment                         What is compared: configuration, methods, protocol, folds, seeds, metrics.
# data                               What lies on disk, and how is it read and written?
# running                            How does a module become a command, and a workflow a run?
# =================================  =====================================================================

from importlib import import_module
from typing import TYPE_CHECKING, Any

__all__ = ["benchmark", "descriptors", "occlude", "predict", "tvl1"]

_WHERE = {  # what is no module itself
    "benchmark": "rrrn.benchmarking.benchmark",
    "occlude": "rrrn.occlusion.in_memory",
    "predict": "rrrn.models.in_memory",
    "tvl1": "rrrn.stages.flow",
}

if TYPE_CHECKING:
    from rrrn import descriptors
    from rrrn.benchmarking.benchmark import benchmark
    from rrrn.models.in_memory import predict
    from rrrn.occlusion.in_memory import occlude
    from rrrn.stages.flow import tvl1
else:  # a type checker would take every name for one that this finds

    def __getattr__(name: str) -> Any:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module = import_module(_WHERE.get(name, f"{__name__}.{name}"))
        found = globals()[name] = getattr(module, name) if name in _WHERE else module
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
