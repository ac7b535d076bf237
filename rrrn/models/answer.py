"""One clip from its frames to what a model says of it, under all conditions that are asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rrrn.models import asked
from rrrn.models.asked import Asked
from rrrn.models.predictor import Predicted, Predictor
from rrrn.models.seeing import Gray, Seen
from rrrn.running.stage import InputError


@dataclass(frozen=True)
class Answer:
    """What a model says of a clip, one prediction and what it saw for each condition; frames per second."""

    predicted: tuple[Predicted, ...]
    seen: Seen
    gray: tuple[Gray, ...]
    rate: float


def answer(predictor: Predictor, what: Asked, conditions: Sequence[str]) -> Answer:
    """Return the answer; raises InputError, naming the clip, where there is none to give."""
    onset, apex, offset = what.onset, what.apex, what.offset
    if onset is None or apex is None or offset is None:
        raise InputError(f"{what.path}: tell its --onset, --apex and --offset")
    clip = asked.clip_of(what, onset, apex, offset)
    frames = asked.between(what, clip, None, predictor.max_missing)
    try:
        seen = predictor.seen(clip, frames.images, frames.numbers, str(what.path))
        found = [predictor.predict(seen, condition, what.rank) for condition in conditions]
    except InputError as error:
        text = str(error)
        raise InputError(text if str(what.path) in text else f"{what.path}: {text}") from None
    predicted = tuple(replace(one, clip=what.name, remarks=frames.remarks) for one, _ in found)
    return Answer(predicted, seen, tuple(gray for _, gray in found), frames.rate)
