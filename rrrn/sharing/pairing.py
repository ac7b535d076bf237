"""Whether two runs can be compared subject by subject, and what is unlike in how they were made, in sentences."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rrrn.running import libraries
from rrrn.sharing.run import Run, Table

_LISTED = 12  # differences that are named one by one
_NAMED = 3  # clips, of those that only one has
_TOLD_APART = ("ablation", "clips", "conditions", "methods", "plugins", "variants")  # or of no matter
_OF_THE_MACHINE = (
    *("train.device", "train.max_memory_gb", "train.checkpoint_minutes", "train.score_every_epoch"),
    *("flow.store", "compare", "report", "leak", "protocol.n_seeds", "protocol.test_all"),
)


@dataclass(frozen=True)
class Pair:
    """Two runs, and the letters that they are called by."""

    one: Run
    other: Run
    a: str = "A"
    b: str = "B"

    @property
    def runs(self) -> tuple[tuple[str, Run], ...]:
        """Return both with their letters."""
        return (self.a, self.one), (self.b, self.other)


def obstacle(pair: Pair, table: str) -> str:
    """Return in words why the predictions of two runs in a table cannot be paired; nothing if they can."""
    one, other = pair.one, pair.other
    if one.classes != other.classes:
        return f"their classes are others, {', '.join(one.classes)} and {', '.join(other.classes)}"
    if one.contents.hashed != other.contents.hashed:
        return (
            "one hides its subjects and the other does not; make both bundles with --hash-subjects, or name the folder "
            "of results of the other"
        )
    if said := _clips(pair, table):
        return said
    if one.told["frames"] and other.told["frames"] and one.told["frames"] != other.told["frames"]:
        return "their clips are called alike, and show something else: other frames, or drawn otherwise"
    return ""


def explanations(pair: Pair) -> list[str]:
    """Return in sentences what is unlike in two runs: data, folds, conditions, methods, seeds, settings, code."""
    return [
        *same(pair),
        *_data(pair),
        *_folds(pair),
        *_lists(pair, "conditions", pair.one.conditions, pair.other.conditions),
        *_lists(pair, "methods", _methods(pair.one), _methods(pair.other)),
        *_seeds(pair),
        *_settings(pair),
        *_code(pair),
        *_libraries(pair),
    ]


def _clips(pair: Pair, table: str) -> str:
    one, other = pair.one.tables[table], pair.other.tables[table]
    a, b = one.clips, other.clips
    if a == b:
        return ""
    if shared := a.keys() & b.keys():
        unlike = sorted(f"{subject}/{clip}" for subject, clip in shared if a[subject, clip] != b[subject, clip])
        if unlike:
            return f"{len(unlike)} clips are of another class, such as {unlike[0]}"
        only = [sorted("/".join(key) for key in part) for part in (a.keys() - b.keys(), b.keys() - a.keys())]
        sides = zip(only, (pair.a, pair.b), strict=True)
        told = [f"{len(names)} only in {side} ({_few(names)})" for names, side in sides if names]
        return f"they share {len(shared)} tested clips, and have {' and '.join(told)}"
    return f"they test other clips: {_extent(one)} and {_extent(other)}, and none in common"


def _extent(table: Table) -> str:
    return f"{len(table.clips)} clips of {len(table.subjects)} subjects"


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (" …" if len(names) > _NAMED else "")


def same(pair: Pair) -> list[str]:
    """Return in a sentence that all predictions of two runs are the same, if they are."""
    alike = pair.one.contents.predictions == pair.other.contents.predictions
    return [f"The predictions of {pair.a} and {pair.b} are the same, to the last digit."] if alike else []


def _data(pair: Pair) -> Iterator[str]:
    one, other = pair.one.told, pair.other.told
    if one["data"] != other["data"]:
        yield f"The clips of {pair.a} are {one['data']}, those of {pair.b} {other['data']}."
    clips = one["audit"]["clips"], other["audit"]["clips"]
    if one["cut"] != other["cut"] and clips[0] == clips[1]:
        yield f"Onset, apex or offset of some clips are others in {pair.a} and {pair.b}."
    for name in sorted(clips[0].keys() | clips[1].keys()):
        a, b = (part.get(name, {}) for part in clips)
        if a != b:
            yield f"Clips of {name} in {pair.a} and {pair.b}: {_counted(a)} and {_counted(b)}."


def _counted(classes: Mapping[str, int]) -> str:
    return f"{sum(classes.values())} ({', '.join(f'{name} {n}' for name, n in classes.items())})" if classes else "none"


def _folds(pair: Pair) -> Iterator[str]:
    for name, own in pair.one.tables.items():
        other = pair.other.tables.get(name)
        if other and own.clips == other.clips and set(own.folds.values()) != set(other.folds.values()):
            yield (
                f"Table {name} has {len(own.folds)} folds in {pair.a} and {len(other.folds)} in {pair.b}, so that the "
                "same clips were tested by methods that learnt from others."
            )


def _lists(pair: Pair, what: str, a: Sequence[str], b: Sequence[str]) -> Iterator[str]:
    labels = {**pair.one.told["labels"][what], **pair.other.told["labels"][what]}
    for side, own, others in ((pair.a, a, b), (pair.b, b, a)):
        if only := [labels.get(name, name) for name in own if name not in others]:
            yield f"Only {side} has the {what} {', '.join(only)}."


def _methods(run: Run) -> list[str]:
    return list(dict.fromkeys(name for told in run.told["tables"].values() for name in told["methods"]))


def _seeds(pair: Pair) -> Iterator[str]:
    a, b = (run.settings["protocol"]["n_seeds"] for _, run in pair.runs)
    if a != b:
        yield f"Each network was trained with {a} seeds in {pair.a}, and with {b} in {pair.b}."


def _settings(pair: Pair) -> Iterator[str]:
    if found := unlike(pair.one.settings, pair.other.settings):
        yield f"Settings of {pair.a} and {pair.b}: {found}."


def unlike(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """Return which settings that decide what is predicted two configurations have otherwise, of those that both have.

    Those of the protocol come first; nothing if there are none.
    """
    a, b = (dict(_flat(settings, "")) for settings in (one, other))
    keys = sorted((key for key in a.keys() & b.keys() if a[key] != b[key]), key=_of_protocol_first)
    found = [f"{key} {_short(a[key])} and {_short(b[key])}" for key in keys]
    more = f", and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
    return f"{', '.join(found[:_LISTED])}{more}"


def _of_protocol_first(key: str) -> tuple[bool, str]:
    return not key.startswith("protocol."), key


def _flat(value: Mapping[str, Any], above: str) -> Iterator[tuple[str, str]]:
    """Yield the keys that decide what is predicted, with their values as JSON."""
    for key, part in value.items():
        name = f"{above}{key}"
        if name in _OF_THE_MACHINE or (not above and key in _TOLD_APART):
            continue
        if isinstance(part, Mapping) and part:
            yield from _flat(part, f"{name}.")
        else:
            whole = int(part) if isinstance(part, float) and part.is_integer() else part
            yield name, json.dumps(whole, ensure_ascii=False, sort_keys=True)


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}…"


def _code(pair: Pair) -> Iterator[str]:
    """Yield in a sentence which parts of the code are others; of parts that only one run has nothing is known."""
    a, b = pair.one.told["code"], pair.other.told["code"]
    unlike = [name.partition(",")[0] for name in sorted(a.keys() & b.keys()) if a[name] != b[name]]
    if unlike:
        listed = list(dict.fromkeys(unlike))
        more = f" and {len(listed) - _LISTED} more" if len(listed) > _LISTED else ""
        yield f"{pair.a} and {pair.b} are of other code: {', '.join(listed[:_LISTED])}{more}."
    digests = [sorted(told["of"].get("code", "") for told in run.told["tables"].values()) for _, run in pair.runs]
    if not (a and b) and digests[0] != digests[1]:
        yield (
            f"{pair.a} and {pair.b} are of other code; which part is not known, as it was edited between a run and its "
            "bundle."
        )


def _libraries(pair: Pair) -> Iterator[str]:
    changed = libraries.changed(pair.one.told["libraries"], pair.other.told["libraries"])
    if changed:
        told = ", ".join(f"{name} {a} and {b}" for name, a, b in changed)
        yield f"Libraries of {pair.a} and {pair.b}: {told}."
