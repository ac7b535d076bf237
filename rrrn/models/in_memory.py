"""``rrrn.predict``: what a saved model says of a clip, in memory or on disk."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rrrn.experiment import conditions
from rrrn.models import asked
from rrrn.models.answer import answer
from rrrn.models.asked import Asked, Frames
from rrrn.models.predictor import Predicted, Predictor
from rrrn.occlusion import given
from rrrn.running import in_python
from rrrn.running.stage import InputError

_RATE = 200.0  # frames per second, which no number depends on
_REMEDIES = {  # for the words of ``rrrn predict``
    "tell its --onset, --apex and --offset": "tell onset, apex and offset",
    "name its file with --plugin": "name its file among plugins",
}


def predict(
    clip: np.ndarray | str | Path,
    model: Predictor | str | Path,
    *,
    onset: int | None = None,
    apex: int | None = None,
    offset: int | None = None,
    condition: str = conditions.CLEAR,
    name: str = "clip",
    plugins: Sequence[str | Path] = (),
) -> Predicted:
    """Return what a model that ``rrrn fit`` wrote says of a clip: the likeliest class, probabilities, region weights.

    It computes what the command ``rrrn predict`` does. It says which class of muscle movements the motion is most like;
    that is no emotion, and nothing here detects a lie.

    >>> import tempfile
    >>> import rrrn
    >>> from rrrn.models import example as of_models
    >>> from rrrn.synthetic import example
    >>> frames, _ = example.clip()  # a drawn face: uint8 (13, 240, 320, 3)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = of_models.model(folder)  # which learnt from made-up numbers
    ...     said = rrrn.predict(frames, path, onset=2, apex=6, offset=10)
    >>> list(said.probabilities), round(sum(said.probabilities.values()), 6)
    (['I', 'II', 'III', 'IV', 'V'], 1.0)
    >>> said.named in said.probabilities, list(said.regions)[:2]
    (True, ['whole face', 'top left'])

    Args:
        clip: frames, uint8 (T, H, W, 3) in BGR, as OpenCV reads them, or gray, (T, H, W) or (T, H, W, 1); or a folder
            of numbered images, or a video.
        model: the file, or for many clips ``rrrn.models.predictor.Predictor.load(file)``, which reads it once.
        onset: a frame's number, as in its name; in an array counted from 0, in a video from 1. None: it is spotted.
        apex: likewise; offset: likewise. ``spotted`` names in the result what was, ``remarks`` whether that is sure.
        condition: what is laid over the face first: "mask", "glasses", "random-01" to "random-99", or "none".
        name: of a clip in memory, which the choice of an occluder belongs to.
        plugins: files of methods and occluders of your own (docs/extending.md).

    Raises ValueError, in one sentence, for a model or clip that cannot be used: no face, one frame, nothing that moves,
    something before the face.
    """
    with in_python.mistakes(_REMEDIES):
        onset, apex, offset = (
            None if value is None else given.number(value, word)
            for word, value in (("onset", onset), ("apex", apex), ("offset", offset))
        )
        kind = in_python.text(condition, "condition")
        files = in_python.paths(plugins, "plugins")
        if isinstance(model, Predictor):
            ready = model
        else:
            ready = Predictor.load(in_python.path(model, "model"), files)
        conditions.kind_of(kind)
        if isinstance(clip, np.ndarray):
            images, called = given.clip(clip), in_python.text(name, "name")
            read = Frames(list(images), list(range(len(images))), _RATE)
            return answer(ready, Asked(Path(called), called, called, onset, apex, offset), [kind], read).predicted[0]
        if not isinstance(clip, str | os.PathLike):
            raise InputError(f"clip is of type {type(clip).__name__}; give frames as one array, or the path of a clip")
        return answer(ready, asked.one(Path(clip), onset, apex, offset), [kind]).predicted[0]
