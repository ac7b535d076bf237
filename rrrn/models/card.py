"""The card of a model, in Markdown: what it is, what is known of it, and what it does not say."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rrrn.experiment import labels
from rrrn.experiment.metrics import METRICS
from rrrn.models import saved
from rrrn.models.saved import About, Saved
from rrrn.running import stage

LIMITS = (
    "A prediction says which of the classes the motion of a face is most like, of the classes that the model was "
    "trained to tell apart. It does not say what anybody feels, means or hides: the classes are sets of moving muscles "
    "(action units), and none is an emotion. It is no lie detector, and nothing here makes one. Do not use it to judge "
    "a person."
)
SUFFIX = ".md"
_TITLE = ", a model of rrrn"
_OF = "It is the card of the model with the checksum "
_CHECKSUM = re.compile(rf"^{_OF}`(blake2b-[0-9a-f]{{32}})`", re.MULTILINE)  # and none of those of files and code
_DRAWN = (
    "**The training clips are drawn faces.** No person was recorded. What the model says of people is not known, and "
    "its scores say nothing about people."
)
_RECORDED = (
    "The training clips are recordings of people. Whether this file may be passed on is a matter of the licence of "
    "their database, which often forbids it; the people in it have not been asked again."
)
_UNSURE = (
    "Probabilities are a softmax of scores, an order and no frequencies: 0.9 does not mean right in nine of ten cases."
)
_CALIBRATED = "Probabilities are calibrated on scores of training subjects by machines that did not see them."


def write(model: Saved, path: Path) -> Path:
    """Write a model and its card beside it, and return where that is.

    There is at no time a card beside a model that it is not of: the old one goes before the new model is put in place,
    and the new one comes after. Who is killed between leaves a model without a card; where the new model cannot be
    written, the old one keeps its own. Raises ValueError as ``saved.write``.
    """
    place = path.with_suffix(SUFFIX)
    with stage.replacing(place) as partial:
        partial.write_text(markdown(model, path.name), encoding="utf-8")
        saved.write(model, path, lambda: place.unlink(missing_ok=True))
    return place


def stranger(path: Path) -> Path | None:
    """Return the card beside a model's file, if it says that it is of another model; else nothing.

    Nothing too of a card that names no checksum, as earlier versions wrote them, and of one that cannot be read.
    """
    place = path.with_suffix(SUFFIX)
    try:
        if not is_one(place):
            return None
        named = _CHECKSUM.search(place.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None
    return place if named and named[1] != saved.checksum_of(path) else None


def markdown(model: Saved, name: str) -> str:
    """Return the card of the model in the file ``name``."""
    about = model.about
    parts = [
        f"# {about.label}{_TITLE}\n",
        f"`{name}`: {_what(about)}\n",
        f"{_OF}`{saved.checksum(model)}`, and of no other.\n",
        f"{LIMITS}\n",
        "## Data\n",
        _data(about),
        "## Protocol\n",
        _protocol(about),
        "## How good is it?\n",
        _estimate(about),
        "## Limits\n",
        _limits(about),
        "## Made with\n",
        _made(about),
    ]
    return "\n".join(parts)


def is_one(path: Path) -> bool:
    """Return whether a file is a card, by its first line."""
    if not path.is_file():
        return False
    first = path.read_text(encoding="utf-8", errors="replace").partition("\n")[0]
    return first.startswith("# ") and first.endswith(_TITLE)


def _what(about: About) -> str:
    kind = (
        "a network on TV-L1 flow from onset to apex"
        if about.kind == "network"
        else ("a linear support vector machine on a descriptor of the clip from onset to offset")
    )
    return f"{about.method}, {kind}. Classes: {', '.join(about.classes)}."


def _data(about: About) -> str:
    told, data = about.training, about.data
    counts = ", ".join(f"{name} {count}" for name, count in told["clips"].items())
    left = f" Left out were the subjects {', '.join(told['without'])}." if told["without"] else ""
    empty = [name for name, count in told["clips"].items() if not count]
    lacking = f" No clip is of class {', '.join(empty)}, which it cannot know." if empty else ""
    lines = [
        f"{sum(told['clips'].values())} clips of {told['subjects']} subjects of {', '.join(data['databases'])} "
        f"({counts}), source: {', '.join(data['sources'])}.{left}{lacking}\n",
        f"{_RECORDED if 'recorded' in data['sources'] else _DRAWN}\n",
        _table({"clip table": data["table"], "digest of its rows": data["rows"], **data["files"]}, "file", "digest"),
    ]
    return "\n".join(lines)


def _protocol(about: About) -> str:
    told = about.training
    worn = ", ".join(labels.condition(name) for name in told["conditions"])
    how = (
        f"It is the training of the fold `{told['fold']}`, with that fold's draws."
        if told["of_fold"]
        else f"Its draws belong to the name `{told['fold']}`, which is no fold's."
    )
    lines = [f"Trained on clips with these occluders: {worn}. {how} Seed {told['seed']}."]
    if about.kind == "network":
        train = about.settings["train"]
        start = ", then tuned from the un-occluded training" if told["tuned"] else ""
        lines += [
            f"{train['epochs']} epochs of at most {train['views_per_clip_per_epoch']} views a clip, batches of "
            f"{train['batch_size']}, rate {train['lr']:g}{start}, on {told['device']}. The last epoch counts; nothing "
            "was selected."
        ]
    else:
        solved = "" if told["solved"] else " The solver stopped short of its tolerance: set svm.C to a smaller number."
        lines += [f"C = {told['C']:g}.{solved}"]
    return "\n".join([*lines, ""])


def _estimate(about: About) -> str:
    found = about.estimate
    if "missing" in found:
        return (
            "**It is not known.** The estimate is what the method scores on people whom it did not see, fold by fold, "
            f"and it could not be made: {found['missing']}. `rrrn fit … --estimate` lets the workflow make it.\n"
        )
    head = (
        f"This file was tested on nobody. Its method was: {found['protocol']}, {found['folds']} folds of "
        f"{found['subjects']} subjects, {found['clips']} clips, mean of {found['seeds']} training"
        f"{'s' if found['seeds'] > 1 else ''} a fold. Each fold trained on none of the people whom it tested, "
        f"{_beside(about)}.\n"
    )
    lines = [f"| test clips | {' | '.join(METRICS)} |", f"|---|{'---|' * len(METRICS)}"]
    for condition, values in found["conditions"].items():
        lines.append(_row(labels.condition(condition), values))
    lines.append(_row("always the most frequent class", found["constant"]))
    tail = "\nF1 and UAR are means over classes. A clip of one's own differs in camera, light and rate: expect less.\n"
    return "\n".join([head, *lines, tail])


def _beside(about: About) -> str:
    """Return what else a reader of the estimate must know of the folds: how their clips differ from the model's."""
    if not about.training["without"]:
        return "and on fewer clips than this model"
    return "and on clips of people whom this model leaves out"


def _row(name: str, values: Mapping[str, float]) -> str:
    return f"| {name} | {' | '.join(f'{values[metric]:.3f}' for metric in METRICS)} |"


def _limits(about: About) -> str:
    calibrated = about.kind == "descriptor" and about.settings["svm"]["calibrate"] == "sigmoid"
    lines = [
        "- It knows its classes and nothing else: a clip of something else, a blink, speech or a turning head, gets "
        "one of them too.",
        f"- {_CALIBRATED if calibrated else _UNSURE}",
        "- Onset and apex matter. Where they are spotted and not annotated, an error of frames becomes another motion.",
        "- The face is found by dlib, which knows frontal faces and knows some people's less well than others'.",
        f"- {_DRAWN if 'recorded' not in about.data['sources'] else 'Those recorded were few, in one laboratory.'}",
        "",
    ]
    return "\n".join(lines)


def _made(about: About) -> str:
    code = _table(about.code, "code", "digest")
    return f"{_table(about.versions, 'library', 'version')}\n{code}"


def _table(rows: Mapping[str, Any], one: str, other: str) -> str:
    lines = [f"| {one} | {other} |", "|---|---|", *(f"| `{key}` | `{value}` |" for key, value in rows.items()), ""]
    return "\n".join(lines)
