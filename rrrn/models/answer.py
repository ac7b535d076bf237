"""One clip, from its frames to what a model says of it under all conditions asked for; or why it says nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rrrn.data.clips import Clip
from rrrn.models import asked
from rrrn.models.asked import Asked, Frames
from rrrn.models.predictor import WITHOUT_GPU, Predicted, Predictor
from rrrn.models.seeing import Gray, Seen
from rrrn.running import reworded
from rrrn.running.stage import InputError
from rrrn.spotting import spot
from rrrn.spotting.spot import Spotted

_ANOTHER = "; look at the clip, and give one that shows the face from the front, or ask without this condition"
UNSURE = "spotting is unsure"  # how such a remark begins
_NOTHING = (
    0.0005  # distances between the eyes; where an apex is told, somebody saw one, and only this little is nothing
)

REMEDIES = {  # for those of the stages: a model's settings are what it was trained with, and nobody's to change
    "; look at them, then raise faces.upsample": "; look at them, and give a stretch that shows one face, from the "
    "front, which nothing hides, or larger frames",
    ". Copy the frames again, or correct the row in the clip table": ". Copy the frames again, or correct onset, apex "
    "and offset",
    "; set flow.store.dtype to float16": "; look at onset and apex: no expression moves so far",
    "; correct 'art', or use built_in": "; the model was trained with pictures of its own: put them there, or ask "
    "without this condition",
    "; free some, or solve smaller images": f"; {WITHOUT_GPU}",
    "; check the landmarks": _ANOTHER,
    "; run the faces stage again": _ANOTHER,
}


@dataclass(frozen=True)
class Answer:
    """What a model says of a clip, one prediction and what it saw for each condition; frames per second."""

    predicted: tuple[Predicted, ...]
    seen: Seen
    gray: tuple[Gray, ...]
    rate: float


def answer(predictor: Predictor, what: Asked, conditions: Sequence[str], read: Frames | None = None) -> Answer:
    """Return the answer; onset, apex and offset are spotted where they are not told.

    ``read`` are the clip's frames where they are not on disk. Raises InputError, naming the clip, where there is no
    answer to give: no face, one frame, nothing that moves, or more than any expression does.
    """
    with reworded.remedies(REMEDIES):
        clip, frames, spotted, remarks = _found(predictor, what, read)
        try:
            seen = predictor.seen(clip, frames.images, frames.numbers, str(what.path))
            found = [predictor.predict(seen, condition, what.rank) for condition in conditions]
        except InputError as error:
            text = str(error)
            raise InputError(text if str(what.path) in text else f"{what.path}: {text}") from None
    predicted = tuple(replace(one, clip=what.name, remarks=remarks, spotted=spotted) for one, _ in found)
    return Answer(predicted, seen, tuple(gray for _, gray in found), frames.rate)


def _found(
    predictor: Predictor, what: Asked, read: Frames | None
) -> tuple[Clip, Frames, tuple[str, ...], tuple[str, ...]]:
    """Return the clip's row, its frames from onset to offset, which of its numbers were spotted, and remarks."""
    missing = tuple(name for name in ("onset", "apex", "offset") if getattr(what, name) is None)
    where = str(what.path)
    if missing:
        asked.check_order(what)
        every = read or asked.whole(what)
        found = _spotted(every, what, where, predictor.upsample)
        if not found.moves:
            raise InputError(
                f"{where}: {found.doubts[0]}, so there is no expression to name. If there is one, tell its --onset, "
                "--apex and --offset"
            )
        clip = asked.clip_of(what, found.onset, found.apex, found.offset)
        frames = asked.between(what, clip, every if read or not what.path.is_dir() else None, predictor.max_missing)
        doubts = tuple(f"{UNSURE}: {doubt}" for doubt in found.doubts)
        return clip, frames, missing, (*dict.fromkeys((*every.remarks, *frames.remarks)), *doubts)
    assert what.onset is not None and what.apex is not None and what.offset is not None
    clip = asked.clip_of(what, what.onset, what.apex, what.offset)
    frames = asked.between(what, clip, read, predictor.max_missing)
    found = _spotted(frames, what, where, predictor.upsample)
    if found.amplitude < _NOTHING:
        raise InputError(
            f"{where}: nothing moves between onset {clip.onset} and apex {clip.apex} ({found.amplitude:.2%} of the "
            "distance between the eyes), so there is no expression to name; look at the frames"
        )
    doubts = () if found.moves else ("hardly more than noise moves between onset and apex",)
    return clip, frames, (), (*frames.remarks, *doubts)


def _spotted(frames: Frames, what: Asked, where: str, upsample: int) -> Spotted:
    return spot.spot(frames.images, frames.numbers, where, what.onset, what.apex, what.offset, upsample)
