"""What is shared of a run, gathered from its folder of results; what does not belong together is refused."""

import contextlib
import csv
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from rrrn.data import digested, result
from rrrn.data.clips import Clip
from rrrn.data.identity import Identity
from rrrn.experiment import labels
from rrrn.experiment.config import merge
from rrrn.provenance import standing
from rrrn.provenance.recipes import Recipe, Recipes, closure
from rrrn.running.stage import InputError
from rrrn.sharing import pseudonyms
from rrrn.sharing.contents import CLIP, FORMAT, NAMED, Contents, Row, ordered, without_places

TABLES = {"iii_a": "table_iii_a", "iii_b": "table_iii_b", "iv": "table_iv", "ablation": "ablation"}
BESIDE = (  # of the same predictions
    *("summary", "ranking", "comparisons", "leak", "matrix", "region_weights", "ablation_comparisons"),
)
_OWN = ("methods", "ablation", "variants")  # what tables of one configuration may have of their own
# flags of an import; a table of one's own may have any text there, a name too, and is told as a number only
_FLAG = re.compile(
    r"duplicate_row|override|offset_invalid|gap_nearest"
    r"|apex_(?:missing|at_onset|at_offset|outside|spotted|unsure|unspotted)"
    r"|(?:onset|apex|offset)_nearest|au_(?:alternatives|unparsed|class_differs)"
)
_OWN_FLAG = "other"
_VERDICT = re.compile(r"[0-9]+ clips can be used, [0-9]+ of them with remarks; [0-9]+ cannot\.")


def of_folder(folder: Path) -> Contents:
    """Return what is shared of the run whose working directory, or whose folder ``results``, is named.

    Raises InputError if there is no table, if predictions or clip table are not those that a table was made of, and for
    what is damaged.
    """
    root = folder if (folder / "results").is_dir() else folder.absolute().parent
    if not (root / "results").is_dir() or folder.absolute() not in (root.absolute(), (root / "results").absolute()):
        raise InputError(f"{folder}: is no folder of results; name 'results' in the working directory of a run")
    with contextlib.chdir(root):
        return _gathered(folder)


def _gathered(folder: Path) -> Contents:
    told = {name: result.read(about) for name, stem in TABLES.items() if (about := _about(stem)).exists()}
    if not told:
        raise InputError(f"{folder}: has no table yet; run the workflow to results/table_iv.csv at least")
    texts: dict[str, str] = {}
    changed: set[str] = set()
    for stem in [*(TABLES[name] for name in told), *BESIDE]:
        about = _about(stem)
        if about.exists():
            said = result.read(about)
            changed |= _unlike(folder, about, said)
            texts |= {name: about.with_name(name).read_text(encoding="utf-8") for name in said["tables"]}
    settings = _settings(folder, {name: one["configuration"] for name, one in told.items()})
    recipes, table = standing.recipes({"configuration": settings})
    of_tables = {name: recipes.of(str(_about(TABLES[name]))) for name in told}
    whole = list(closure(of_tables.values()))
    predictions: dict[tuple[str, str], list[Row]] = {}
    for one in whole:
        if one.path.startswith("results/predictions/"):
            method, trained_on = Path(one.path).parts[2:4]
            predictions.setdefault((method, trained_on), []).extend(digested.read(Path(one.path)))
    return Contents(
        told=_told(told, settings, recipes, table, {} if "code" in changed else _code(whole)),
        clips=ordered([{name: str(getattr(clip, name)) for name in CLIP} for clip in table]),
        predictions={key: ordered(rows) for key, rows in sorted(predictions.items())},
        tables=dict(sorted(texts.items())),
        keys=pseudonyms.keys(table),
    )


def _about(stem: str) -> Path:
    return Path(f"results/{stem}.json")


def _unlike(folder: Path, about: Path, told: Mapping[str, Any]) -> set[str]:
    """Return what has changed since a table was made and may have; raises InputError for what may not."""
    found = standing.differences(about, told)
    for what in ("predictions", "missing", "clips"):
        if what in found:
            raise InputError(f"{folder}: {about.with_suffix('.csv')} is not of what lies there. {found[what]}")
    return set(found)


def _settings(folder: Path, told: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the configuration of all tables; raises InputError if they are not of one."""
    (first, one), *others = told.items()
    for name, other in others:
        if key := _clash(one, other):
            raise InputError(
                f"{folder}: {TABLES[first]}.csv and {TABLES[name]}.csv were made with other settings of {key!r}; run "
                "again so that all tables are of one configuration, or delete what is not wanted"
            )
    methods = next((part["methods"] for name, part in told.items() if name != "ablation"), one["methods"])
    ablation = told["ablation"]["methods"] if "ablation" in told else []
    return merge([*map(dict, told.values()), {"methods": methods, "ablation": ablation}])


def _clash(one: Mapping[str, Any], other: Mapping[str, Any], above: str = "") -> str:
    """Return the first key that both configurations have, and that is not the same; nothing if there is none."""
    for key in one.keys() & other.keys() - set(() if above else _OWN):
        name = f"{above}{key}"
        if isinstance(one[key], Mapping) and isinstance(other[key], Mapping):
            if found := _clash(one[key], other[key], f"{name}."):
                return found
        elif one[key] != other[key]:
            return name
    return ""


def _told(
    told: Mapping[str, Mapping[str, Any]],
    settings: Mapping[str, Any],
    recipes: Recipes,
    table: Sequence[Clip],
    code: Mapping[str, str],
) -> dict[str, Any]:
    """Return what ``bundle.json`` says, but for its members."""
    named = labels.of([*settings["methods"], *settings["ablation"]], settings["conditions"])
    first = next(iter(told.values()))
    return {
        "format": FORMAT,
        "rrrn": metadata.version("rrrn"),
        "data": first["data"],
        "subjects": NAMED,
        "tables": {
            name: {
                "task": recipes.tasks["iv" if name == "ablation" else name],
                "folds": sorted(recipes.tables["iv" if name == "ablation" else name]),
                "methods": list(one["configuration"]["methods"]),
                "of": dict(one["of"]),
                "notes": list(one["notes"]),
            }
            for name, one in told.items()
        },
        "configuration": without_places(settings),
        "labels": {"methods": dict(named.methods), "conditions": dict(named.conditions)},
        "code": dict(code),
        "libraries": Identity.parse(first["made"]).libraries,
        "versions": dict(first["versions"]),
        "frames": _frames(table, settings),
        "cut": _digest(sorted(f"{one.subject}/{one.clip} {one.onset} {one.apex} {one.offset}" for one in table)),
        "audit": _audit(Path(settings["clips"]), table),
    }


def _code(whole: Iterable[Recipe]) -> dict[str, str]:
    """Return the digest of each part of the code, by the modules that begin it; of the user's own by their file."""
    return {",".join(map(str, without_places(list(one.modules)))): one.code for one in whole}


def _frames(table: Sequence[Clip], settings: Mapping[str, Any]) -> str:
    """Return a digest of what the clips show, of drawn ones of how they are drawn; nothing if it is not known."""
    if all(clip.source == "synthetic" for clip in table):
        return _digest(["drawn", repr(sorted(settings.get("render", {}).items()))])
    if all(clip.frames_digest for clip in table):
        return _digest(sorted(f"{clip.subject}/{clip.clip} {clip.frames_digest}" for clip in table))
    return ""


def _digest(parts: Sequence[str]) -> str:
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=8, person=b"rrrn data").hexdigest()


def _audit(path: Path, table: Sequence[Clip]) -> dict[str, Any]:
    """Return counts: clips of each class and subjects of each database, remarks of the import, and its verdict."""
    databases = sorted({clip.database for clip in table})
    own = {name: [clip for clip in table if clip.database == name] for name in databases}
    with path.open(encoding="utf-8-sig", newline="") as file:
        flags = [flag for row in csv.DictReader(file) for flag in (row.get("flags") or "").split(";") if flag]
    beside = path.with_name(f"{path.stem}_audit.md")
    verdict = _VERDICT.search(beside.read_text(encoding="utf-8")) if beside.exists() else None
    return {
        "clips": {
            name: dict(sorted(Counter(clip.objective_class for clip in own[name]).items())) for name in databases
        },
        "subjects": {name: len({clip.subject for clip in own[name]}) for name in databases},
        "remarks": dict(sorted(Counter(map(_remark, flags)).items())),
        "import": verdict[0] if verdict else "",
    }


def _remark(flag: str) -> str:
    name = flag.partition(":")[0]
    return name if _FLAG.fullmatch(name) else _OWN_FLAG
