"""What was run, on which data, the table, the answer in sentences, and what must not be concluded."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pandas as pd

from rrrn.report.found import Found
from rrrn.report.page import Page
from rrrn.report.table import Table, wide
from rrrn.running import resources
from rrrn.tables import no_skill, published, robustness
from rrrn.tables.layout import numbers
from rrrn.tables.published import AVERAGE

NAME, TITLE = "start", "Result"
_LISTED = 12  # files that are missing
_SAID = 3  # differences in the answer
TABLE_II = "data/paper/table_ii.csv"
_TITLES, _CLASSES = {"casme2": "CASME II", "samm": "SAMM"}, ("I", "II", "III", "IV", "V")  # in it


def page(found: Found) -> Page:
    """Return the first page."""
    return Page(
        NAME,
        TITLE,
        ["robustness"],
        {
            "run": _run(found),
            "answer": _answer(found),
            "caution": _caution(found),
            "unfit": list(found.unfit),
            "missing": list(found.missing[:_LISTED]),
            "more": max(0, len(found.missing) - _LISTED),
            "tables": [_table(found, name, metric) for name in _ordered(found) for metric in published.SHOWN[name]],
            "notes": [
                f"{published.TITLES[name]}: {note}"
                for name in _ordered(found)
                for note in found.notes[f"table_{name}"]
                if note not in published.warning(found.kind)  # which stands above
            ],
        },
    )


def _run(found: Found) -> list[tuple[str, str]]:
    """Return what was run, by keyword."""
    told = found.settings
    databases = Counter(clip.database for clip in found.clips)
    classes = Counter(clip.objective_class for clip in found.clips)
    trained = {"clean": "un-occluded clips", "matched": "the condition that is tested", "mixed": "all conditions"}
    return [
        ("Clips", f"{', '.join(f'{number} of {name}' for name, number in databases.items())} ({found.kind})"),
        ("Subjects", str(len(found.subjects))),
        ("Methods", ", ".join(found.method(name) for name in found.methods)),
        ("Conditions", ", ".join(found.condition(name) for name in found.conditions)),
        ("Classes", ", ".join(name if classes[name] else f"{name} (no clip)" for name in found.classes)),
        ("Trained on", trained[told["protocol"]["train_condition"]]),
        ("Seeds", f"{found.seeds()} of each network"),
        ("Epochs", f"{told['train']['epochs']}; the last one is tested"),
    ]


def _ordered(found: Found) -> list[str]:
    """Return the tables, the one that tests every clip first."""
    return sorted(found.tables, key=lambda name: name != "iv")


def _table(found: Found, name: str, metric: str) -> Table:
    """Return a metric of a table, conditions by methods, with intervals."""
    told = found.tables[name]
    own = told[told["metric"] == metric]
    own = own.assign(column=own["method"], text=[_text(one) for one in own.to_dict("records")])
    methods = [found.method(method) for method in found.methods]
    lines = [line for line in dict.fromkeys(own["method"]) if line not in {*methods, AVERAGE}]
    conditions = [found.condition(condition) for condition in found.conditions]
    floor = own[own["method"].isin(lines)].set_index("method")["text"]
    below = "; ".join(f"{line}: {text}" for line, text in floor.items()).replace("\n", " ")
    caption = f"{published.TITLES[name]}, {metric}, {found.tasks[name]}. Without looking: {below}."
    columns = [*methods, *([AVERAGE] if AVERAGE in set(own["method"]) else [])]
    return wide(own, caption, "condition", "Condition", columns, [*conditions, AVERAGE], "condition")


def _text(one: Mapping[Any, Any]) -> str:
    """Return a cell as the tables for people have it: the value, its interval, and the paper's value, in lines."""
    lines = [numbers.rounded(one["value"]) + numbers.spread(one)]
    if pd.notna(one["low"]):
        lines.append(f"({numbers.interval(one)})")
    if pd.notna(one.get("paper")):
        lines.append(f"paper {numbers.rounded(one['paper'])} ({numbers.signed(one['value'] - one['paper'])})")
    return "\n".join(lines)


def _answer(found: Found) -> list[str]:
    """Return the answer in three sentences, each of the numbers on disk; fewer if they are not there."""
    return [*_best(found), *_told_apart(found), *_robust(found)]


def _best(found: Found) -> list[str]:
    if "iv" not in found.tables:
        return ["Table IV is not there yet, so that there is no answer."]
    told = found.tables["iv"]
    labels = [found.method(name) for name in found.methods]
    rows = told[(told["condition"] == AVERAGE) & (told["metric"] == "F1") & told["method"].isin(labels)]
    if rows.empty:
        return ["Table IV has no averages, so that there is no answer."]
    ordered = rows.sort_values("value", ascending=False).to_dict("records")
    best, next_ = ordered[0], ordered[1:2]
    chance = told[(told["condition"] == AVERAGE) & (told["metric"] == "F1") & (told["method"] == no_skill.CHANCE)]
    value = numbers.rounded(best["value"])
    others = "".join(f", before {one['method']} with {numbers.rounded(one['value'])}" for one in next_)
    said = "has the largest mean F1" if next_ else "alone was tested, and has a mean F1 of"
    floor = "".join(
        f"; {value} is {'above' if best['value'] > one['high'] else 'not above'} the middle 95 % of random answers "
        f"({numbers.interval(one)})"
        for one in chance.to_dict("records")[:1]
    )
    lacking = [label for label in labels if label not in set(rows["method"])]
    without = f" (not in it: {', '.join(lacking)})" if lacking else ""
    first = f"Over all conditions of Table IV{without}, {best['method']} {said}{',' if next_ else ''}"
    return [f"{first} {value}{others}{floor}."]


def _told_apart(found: Found) -> list[str]:
    told = found.results.get("comparisons")
    if told is None or told.empty:
        return ["No two methods were compared, so that none can be called better."]
    rows = told[(told["table"] == "iv") & (told["condition"] == AVERAGE) & (told["metric"] == "F1")]
    if rows.empty:
        return ["No two methods were compared in Table IV, so that none can be called better."]
    apart = rows[rows["p_holm"] < 0.05]
    if apart.empty:
        return [
            f"None of {len(rows)} compared pairs can be told apart (p ≥ 0.05, corrected for all tests): the choice of "
            "subjects explains the differences as well."
        ]
    ordered = apart.sort_values("p_holm", kind="stable")
    better = ", ".join(_difference(one) for one in ordered.head(_SAID).to_dict("records"))
    more, others = max(0, len(apart) - _SAID), len(rows) - len(apart)
    rest = f", and {more} pairs more" if more else ""
    rest += f"; the other {others} of {len(rows)} compared pairs cannot be told apart" if others else ""
    return [f"Told apart are {better}{rest}."]


def _difference(one: Mapping[Any, Any]) -> str:
    side = "above" if one["difference"] > 0 else "below"
    spread = f"{numbers.signed(one['low'])} to {numbers.signed(one['high'])}, p = {one['p_holm']:.2g}"
    return f"{one['method']} {side} {one['other']} by {numbers.rounded(abs(one['difference']))} ({spread})"


def _robust(found: Found) -> list[str]:
    told = found.results.get("ranking")
    if told is None or told.empty:
        return ["How methods rank under occlusion is not known: the ranking is not there."]
    rows = told[(told["task"] == found.tasks.get("iv")) & (told["metric"] == "F1")]
    rows = rows[rows["mean_relative_degradation"].notna() & rows["worst_condition"].notna()]
    if rows.empty:
        return ["How methods rank under occlusion is not known: it takes ResNet18 and an occluded condition."]
    best = rows.sort_values("mean_relative_degradation").iloc[0]
    worst = rows.sort_values("maximal_degradation", ascending=False).iloc[0]
    reference = found.method(robustness.REFERENCE)
    times = f", {best['mean_relative_degradation']:.2f} times {reference}'s"
    spread = f" ({best['low']:.2f} to {best['high']:.2f})" if pd.notna(best["low"]) else ""
    least = f"has the smallest error (1 − F1){times + spread if best['method'] != reference else ''}"
    errs = least if len(rows) > 1 else "was alone"
    largest = (
        f"{worst['method']}'s under {worst['worst_condition']}, {numbers.rounded(worst['maximal_degradation'])} of F1"
    )
    loss = f"the largest loss against un-occluded clips is {largest}"
    if worst["maximal_degradation"] <= 0:
        loss = "no method loses F1 against un-occluded clips under any condition"
    return [f"Under occlusion {best['method']} {errs}; {loss}."]


def _unlike_paper(found: Found) -> list[str]:
    """Return in a sentence that the paper's values are of more clips than these, or of others, if its databases are."""
    if found.kind != "recorded" or {clip.database for clip in found.clips} != published.DATABASES:
        return []
    counts = pd.read_csv(resources.path(TABLE_II)).set_index(["condition", "metric"])["value"]
    own = Counter((clip.database, clip.objective_class) for clip in found.clips)
    wanted = {(name, one): counts[title, f"class {one}"] for name, title in _TITLES.items() for one in _CLASSES}
    if own == wanted:
        return []
    total, subjects = (int(counts["Composite", name]) for name in ("Total", "Subjects"))
    among = ", of which other numbers are of each class" if len(found.clips) == total else ""
    return [
        f"Nothing about the paper's numbers by how far they are from these: they are of {total} clips of {subjects} "
        f"subjects, by Table II of the paper, and these are of {len(found.clips)} clips of "
        f"{len(found.subjects)}{among}."
    ]


def _caution(found: Found) -> list[str]:
    """Return what one must not conclude, of this run."""
    told = []
    if found.kind != "recorded":
        told.append(
            f"Nothing about real faces: {'some clips' if found.kind == 'mixed' else 'clips'} are drawn by the built-in "
            "renderer, and how methods rank on them says nothing of how they rank on recorded micro-expressions, nor "
            "about the paper's numbers."
        )
    told += _unlike_paper(found)
    if found.seeds() == 1:
        told.append(
            "Nothing about other seeds: each network was trained once, so that chance of training is in no interval."
        )
    else:
        told.append(
            f"Little about other seeds: there are {found.seeds()}; intervals are over subjects, not over seeds."
        )
    if len(found.subjects) == 1:
        told.append("Nothing about other people: one subject was tested, so that there are no intervals.")
    else:
        told.append(
            f"Nothing about other people beyond the intervals, which resample the {len(found.subjects)} tested "
            "subjects and no other training subjects."
        )
    if len(found.subjects) < 6:
        told.append("No difference of methods can be shown with so few subjects, however large it is.")
    told.append("Nothing about occluders that were not tried, and nothing about spotting: onset and apex are given.")
    return told
