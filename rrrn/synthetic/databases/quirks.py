"""What is odd about the real databases, planted on purpose: gaps, slips and habits of their sheets and folders.

Each quirk changes the plan of a database, and with it what an import must read. Those of single clips get a clip of
their own each.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count

import numpy as np

from rrrn.data.clips import Clip
from rrrn.experiment import seeds
from rrrn.running import stage
from rrrn.synthetic.databases import drawn, tree
from rrrn.synthetic.databases.drawn import Cell, Database, Entry, Row
from rrrn.synthetic.databases.sheet import CLASSES
from rrrn.synthetic.painting import action_units

ClipQuirk = Callable[[str, Entry, np.random.Generator], Entry | None]
DatabaseQuirk = Callable[[Database, np.random.Generator], tuple[Database, str]]

_NO_CLASS = 14  # an action unit (dimpler) that stands in no set of Table I
_CLASS_VI = ((1, 2, 4), (20,))  # Davison et al. 2018
_OTHER_CLASSES = {"casme2": (1, 69), "samm": (7, 84)}  # clips of classes VI and VII in the real databases
_WORDS = ("smirk", "unclear", "gaze", "swallow")


# ------------------------------------------------------------------------------------------- of single clips


def _without_apex(entry: Entry, cell: Cell, flag: str) -> Entry:
    """The sheet has no usable apex: the midpoint of onset and offset stands in."""
    reading = entry.reading
    midpoint = max(reading.onset + 1, (reading.onset + reading.offset) // 2)
    return replace(
        entry,
        row=replace(entry.row, apex=cell),
        reading=replace(reading, apex=midpoint, apex_source="midpoint", flags=reading.flags | {flag}),
    )


def _apex_slash(layout: str, entry: Entry, rng: np.random.Generator) -> Entry:
    return _without_apex(entry, str(rng.choice(["/", "\\"])), "apex_missing")


def _apex_empty(layout: str, entry: Entry, rng: np.random.Generator) -> Entry:
    return _without_apex(entry, None, "apex_missing")


def _apex_outside(layout: str, entry: Entry, rng: np.random.Generator) -> Entry:
    distance = int(rng.integers(1, 9))
    before, after = entry.clip.onset - distance, entry.clip.offset + distance
    return _without_apex(entry, before if rng.random() < 0.5 else after, "apex_outside")


def _apex_at_onset(layout: str, entry: Entry, rng: np.random.Generator) -> Entry:
    return _without_apex(entry, entry.clip.onset, "apex_at_onset")


def _apex_at_offset(layout: str, entry: Entry, rng: np.random.Generator) -> Entry:
    """The expression is not seen to fall: the clip ends at its apex, which is legal."""
    lost, apex = entry.clip.offset - entry.clip.apex, entry.clip.apex
    recording = entry.recording[0], entry.recording[1] - lost
    return replace(
        entry,
        clip=replace(entry.clip, offset=apex),
        row=replace(entry.row, offset=apex),
        reading=replace(entry.reading, offset=apex, flags=entry.reading.flags | {"apex_at_offset"}),
        recording=recording,
        on_disk=recording,
    )


def _offset_zero(layout: str, entry: Entry, rng: np.random.Generator) -> Entry:
    reading = entry.reading
    flags = reading.flags | {"offset_invalid"}
    return replace(
        entry,
        row=replace(entry.row, offset=0),
        reading=replace(reading, offset=entry.on_disk[1], offset_source="last_frame", flags=flags),
    )


def _offset_missing_frame(layout: str, entry: Entry, rng: np.random.Generator) -> Entry:
    reading, offset = entry.reading, entry.clip.offset
    flags = reading.flags | {f"offset_nearest:{offset}->{offset - 1}"}
    return replace(
        entry,
        on_disk=(entry.on_disk[0], offset - 1),
        reading=replace(reading, offset=offset - 1, offset_source="nearest", flags=flags),
    )


def _onset_missing_frame(layout: str, entry: Entry, rng: np.random.Generator) -> Entry:
    reading, onset = entry.reading, entry.clip.onset
    flags = reading.flags | {f"onset_nearest:{onset}->{onset + 1}"}
    return replace(entry, on_disk=(onset + 1, entry.on_disk[1]), reading=replace(reading, onset=onset + 1, flags=flags))


def _au_int(layout: str, entry: Entry, rng: np.random.Generator) -> Entry | None:
    if len(entry.units) > 1:
        return None
    return replace(entry, row=replace(entry.row, aus=entry.units[0].au))


def _au_sides(layout: str, entry: Entry, rng: np.random.Generator) -> Entry:
    tokens = [str(unit.au) for unit in entry.units]
    chosen = int(rng.integers(len(tokens)))
    tokens[chosen] = f"{entry.units[chosen].side}{tokens[chosen]}"
    return _with_tokens(layout, entry, tokens)


def _au_intensity(layout: str, entry: Entry, rng: np.random.Generator) -> Entry:
    tokens = [f"{unit.au}{unit.strength}" for unit in entry.units]
    chosen = int(rng.integers(len(tokens)))
    tokens[chosen] = f"{entry.units[chosen].side}{tokens[chosen]}"
    return _with_tokens(layout, entry, tokens)


def _au_question(layout: str, entry: Entry, rng: np.random.Generator) -> Entry:
    *tokens, last = (str(unit.au) for unit in entry.units)
    return _with_tokens(layout, entry, [*tokens, f"{last}?"])


def _au_unparsed(layout: str, entry: Entry, rng: np.random.Generator) -> Entry:
    word = str(rng.choice(_WORDS))
    entry = _with_tokens(layout, entry, [*(str(unit.au) for unit in entry.units), word])
    return replace(entry, reading=replace(entry.reading, flags=entry.reading.flags | {f"au_unparsed:{word}"}))


def _au_or(layout: str, entry: Entry, rng: np.random.Generator) -> Entry:
    """The annotators did not agree. Alternatives are united, which may leave the class."""
    *first, last = (str(unit.au) for unit in entry.units)
    flagged = replace(entry, reading=replace(entry.reading, flags=entry.reading.flags | {"au_alternatives"}))
    if first:
        return _with_tokens(layout, flagged, [*first[:-1], f"{first[-1]} or {last}"])
    side = entry.units[0].side
    flagged = _with_tokens(layout, flagged, [f"{side}{last} or {side}{_NO_CLASS}"])
    return _of_class(flagged, frozenset({int(last), _NO_CLASS}), "VII")


def _au_class_differs(layout: str, entry: Entry, rng: np.random.Generator) -> Entry:
    others = [
        (tuple(map(int, aus)), name)
        for name, sets in action_units.CLASSES.items()
        for aus, _ in sets
        if name != entry.clip.objective_class
    ]
    others += [(aus, "VI") for aus in _CLASS_VI] + [((_NO_CLASS,), "VII")]
    aus, name = others[rng.integers(len(others))]
    return _of_class(_with_tokens(layout, entry, [str(au) for au in sorted(aus)]), frozenset(aus), name)


def _duplicate_row(layout: str, entry: Entry, rng: np.random.Generator) -> Entry:
    return replace(
        entry,
        row=replace(entry.row, copies=2),
        reading=replace(entry.reading, flags=entry.reading.flags | {"duplicate_row"}),
    )


def _with_tokens(layout: str, entry: Entry, tokens: list[str]) -> Entry:
    return replace(entry, row=replace(entry.row, aus=drawn.au_text(layout, tokens)))


def _of_class(entry: Entry, aus: frozenset[int], name: str) -> Entry:
    flags = entry.reading.flags | {f"au_class_differs:{name}"}
    return replace(entry, reading=replace(entry.reading, aus=aus, au_class=name, flags=flags))


# ------------------------------------------------------------------------------------------- of whole databases


def _subject_text(database: Database, rng: np.random.Generator) -> tuple[Database, str]:
    subject = database.entries[rng.integers(len(database.entries))].clip.subject
    text = tree.subject_text(database.layout, subject)
    entries = tuple(
        replace(entry, row=replace(entry.row, subject=text)) if entry.clip.subject == subject else entry
        for entry in database.entries
    )
    return replace(database, entries=entries), subject


def _disk_only(database: Database, rng: np.random.Generator) -> tuple[Database, str]:
    model = database.entries[rng.integers(len(database.entries))]
    name = _unused_name(database, model.clip)
    folder = model.clip.frames.removesuffix(model.clip.clip) + name
    recording = model.clip.onset, model.clip.apex
    entry = replace(
        model, clip=replace(model.clip, clip=name, frames=folder), recording=recording, on_disk=recording, digits=5
    )
    return replace(database, unlisted=(*database.unlisted, entry)), _place(entry.clip)


def _extra_coding_row(database: Database, rng: np.random.Generator) -> tuple[Database, str]:
    model = database.entries[rng.integers(len(database.entries))]
    row = replace(model.row, clip=_unused_name(database, model.clip), copies=1)
    return replace(database, unclassed=(*database.unclassed, row)), f"{model.clip.subject}/{row.clip}"


def _classes_6_7(database: Database, rng: np.random.Generator) -> tuple[Database, str]:
    if not database.other_classes:
        database = _with_other_classes(database, (1, 3), rng)
    return database, f"{len(database.other_classes)} rows"


def _header_spaces(database: Database, rng: np.random.Generator) -> tuple[Database, str]:
    return replace(database, blanks_in_headers=True), "all sheets"


def _no_preamble(database: Database, rng: np.random.Generator) -> tuple[Database, str]:
    return replace(database, preamble=False), "the sheet"


def _two_codings(database: Database, rng: np.random.Generator) -> tuple[Database, str]:
    return replace(database, older_coding=True), "the older one is wrong"


def _stray_files(database: Database, rng: np.random.Generator) -> tuple[Database, str]:
    return replace(database, stray_files=True), "all folders"


def _padding(database: Database, rng: np.random.Generator) -> tuple[Database, str]:
    order = rng.permutation(len(database.entries)).tolist()
    entries = tuple(replace(entry, digits=4 + i % 2) for entry, i in zip(database.entries, order, strict=True))
    return replace(database, entries=entries), "every other clip has 4 digits"


def _subject_number_folder(database: Database, rng: np.random.Generator) -> tuple[Database, str]:
    subject = database.entries[0].clip.subject
    name = str(tree.subject_number(subject))

    def moved(entry: Entry) -> Entry:
        if entry.clip.subject != subject:
            return entry
        return replace(entry, clip=replace(entry.clip, frames=tree.renamed_subject(entry.clip.frames, name)))

    entries, unlisted = (tuple(map(moved, some)) for some in (database.entries, database.unlisted))
    return replace(database, entries=entries, unlisted=unlisted), f"{subject} is in the folder {name}"


def _unused_name(database: Database, clip: Clip) -> str:
    """Return the name of a clip of the same subject that the database does not have."""
    taken = {entry.clip.clip for entry in database.entries + database.unlisted if entry.clip.subject == clip.subject}
    number = tree.subject_number(clip.subject)
    taken |= {row.clip for row in database.other_classes + database.unclassed if int(row.subject) == number}
    pattern = "EP{:02d}_06f" if database.layout == "casme2" else f"{number:03d}_{{}}_6"
    return next(name for name in map(pattern.format, count(1)) if name not in taken)


def _place(clip: Clip) -> str:
    return f"{clip.subject}/{clip.clip}"


# The first quirks are choosy about their clip.
OF_CLIPS: dict[str, ClipQuirk] = {
    "au_int": _au_int,
    "au_sides": _au_sides,
    "au_intensity": _au_intensity,
    "au_or": _au_or,
    "au_question": _au_question,
    "au_unparsed": _au_unparsed,
    "au_class_differs": _au_class_differs,
    "apex_slash": _apex_slash,
    "apex_empty": _apex_empty,
    "apex_outside": _apex_outside,
    "apex_at_onset": _apex_at_onset,
    "apex_at_offset": _apex_at_offset,
    "offset_zero": _offset_zero,
    "offset_missing_frame": _offset_missing_frame,
    "onset_missing_frame": _onset_missing_frame,
    "duplicate_row": _duplicate_row,
}
OF_DATABASES: dict[str, DatabaseQuirk] = {
    "subject_text": _subject_text,
    "disk_only": _disk_only,
    "extra_coding_row": _extra_coding_row,
    "classes_6_7": _classes_6_7,
    "header_spaces": _header_spaces,
    "no_preamble": _no_preamble,
    "two_codings": _two_codings,
    "stray_files": _stray_files,
    "padding": _padding,
    "subject_number_folder": _subject_number_folder,
}
NAMES = (*OF_CLIPS, *OF_DATABASES)
_ONLY = {
    "extra_coding_row": "casme2",
    "two_codings": "casme2",
    "subject_number_folder": "casme2",
    "no_preamble": "samm",
    "padding": "samm",
}


def of_layout(layout: str) -> list[str]:
    """Return the names of the quirks that databases of a layout have."""
    return [name for name in NAMES if _ONLY.get(name, layout) == layout]


def named(text: str, layouts: Sequence[str]) -> list[str]:
    """Return the quirks of a comma-separated list. Raises InputError for one that none of the layouts has."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in NAMES:
            raise stage.InputError(f"--quirks: {name!r} is none of all, none, {', '.join(NAMES)}")
        if _ONLY.get(name, layouts[0]) not in layouts:
            raise stage.InputError(
                f"--quirks: {name} is of the layout {_ONLY[name]}; leave it out, or draw that layout"
            )
    return names


def plant_all(database: Database, seed: int) -> Database:
    """Return the database with every quirk of its layout for which it has a clip.

    ``no_preamble`` replaces the usual form of a sheet, hence is planted with every other seed or so.
    """
    names = of_layout(database.layout)
    if seeds.generator(seed, database.layout, "form of the sheet").random() < 0.5:
        names = [name for name in names if name != "no_preamble"]
    planted, _ = _plant(database, names, seed)
    return planted


def plant(database: Database, names: list[str], seed: int) -> Database:
    """Return the database with those of the quirks ``names`` that its layout has.

    Raises InputError if the database has too few clips for them.
    """
    wanted = [name for name in of_layout(database.layout) if name in names]
    planted, homeless = _plant(database, wanted, seed)
    if homeless:
        raise stage.InputError(
            f"--quirks: the {len(database.entries)} clips in the layout of {database.layout} have no room for "
            f"{', '.join(homeless)}; each needs a clip of its own: draw more with --subjects or --clips"
        )
    return planted


def _with_other_classes(database: Database, counts: tuple[int, int], rng: np.random.Generator) -> Database:
    """Return the database with rows of classes VI and VII, ``counts`` of them, which have no files."""
    for i in range(sum(counts)):
        model = database.entries[rng.integers(len(database.entries))].clip
        in_vi = i < counts[0]
        aus = _CLASS_VI[rng.integers(len(_CLASS_VI))] if in_vi else (_NO_CLASS,)
        row = Row(
            subject=tree.subject_number(model.subject),
            clip=_unused_name(database, model),
            onset=model.onset,
            apex=model.apex,
            offset=model.offset,
            aus=drawn.au_text(database.layout, [str(au) for au in aus]),
            objective_class=len(CLASSES) + (1 if in_vi else 2),
        )
        database = replace(database, other_classes=(*database.other_classes, row))
    return database


def complete(database: Database, seed: int) -> Database:
    """Return the database of Table II's shape with the rows of classes VI and VII that the real sheet has."""
    rng = seeds.generator(seed, database.layout, "other classes")
    return _with_other_classes(database, _OTHER_CLASSES[database.layout], rng)


def _plant(database: Database, names: list[str], seed: int) -> tuple[Database, list[str]]:
    """Return the database with the quirks planted, and the names of those that found no clip."""
    entries = list(database.entries)
    order = seeds.generator(seed, database.layout, "quirks").permutation(len(entries)).tolist()
    planted: dict[str, str] = {}
    for name in (name for name in names if name in OF_CLIPS):
        for i in order:
            changed = OF_CLIPS[name](database.layout, entries[i], seeds.generator(seed, database.layout, name))
            if changed is not None:
                entries[i], planted[name] = changed, _place(changed.clip)
                order.remove(i)
                break
    database = replace(database, entries=tuple(entries))
    for name in (name for name in names if name in OF_DATABASES):
        database, planted[name] = OF_DATABASES[name](database, seeds.generator(seed, database.layout, name))
    return replace(database, planted=planted), [name for name in names if name not in planted]
