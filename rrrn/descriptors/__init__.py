"""The handcrafted descriptors of the comparison, and transformers for scikit-learn that compute these and two more.

``LBPTOP``, ``LBPSIP``, ``HOG3D``, ``MDMO`` and ``BiWOOF`` are taken from ``estimators`` when they are first asked for,
so that who needs a descriptor only does not load scikit-learn. ``blocks`` and ``local_binary`` are what the modules
have in common.

>>> import numpy as np
>>> from rrrn.descriptors import LBPTOP
>>> video = np.random.default_rng(0).integers(0, 256, (9, 40, 40), np.uint8)  # gray: frames, height, width
>>> LBPTOP("casme2_baseline", blocks=2).transform([video]).shape  # a row for each clip
(1, 192)
"""

from typing import TYPE_CHECKING, Any

__all__ = ["HOG3D", "LBPSIP", "LBPTOP", "MDMO", "BiWOOF"]

if TYPE_CHECKING:
    from rrrn.descriptors.estimators.of_flow import MDMO, BiWOOF
    from rrrn.descriptors.estimators.of_video import HOG3D, LBPSIP, LBPTOP
else:  # a type checker would take every name for one that this finds

    def __getattr__(name: str) -> Any:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from rrrn.descriptors.estimators import of_flow, of_video

        return getattr(of_flow if hasattr(of_flow, name) else of_video, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
