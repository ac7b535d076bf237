"""A small run as the workflow leaves it, out of thin air: answers are drawn, and stages make tables of them."""

import contextlib
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from rrrn.data import clips, predictions
from rrrn.data.clips import Clip
from rrrn.data.identity import Identity
from rrrn.data.predictions import Prediction
from rrrn.experiment import defaults, folds, seeds
from rrrn.provenance.frames_seen import Seen
from rrrn.provenance.recipes import Recipe, Recipes, closure
from rrrn.running import resources, stage
from rrrn.stages import compare, score, split, table
from rrrn.tables import no_skill

CLASSES = ["I", "II", "III"]
SETTINGS: dict[str, Any] = {
    "clips": "clips.csv",
    "classes": CLASSES,
    "conditions": ["none", "mask"],
    "methods": ["lbp_top", "rrrn"],
    "protocol": {"n_seeds": 2, "train_condition": "clean", "holdout": ["a", "b"]},
    "compare": {"draws": 200},
}
SKILL = {"lbp_top": 0.3, "rrrn": 0.7, "resnet18": 0.6}


def clip_table(subjects: int = 8, per: int = 3, source: str = "synthetic", databases=("a", "b")) -> list[Clip]:
    """Clips of two databases, ``per`` of each subject; recorded ones have digests of frames that are not here."""
    found = []
    for number in range(subjects):
        name = databases[number * len(databases) // subjects]
        for k in range(per):
            own = CLASSES[(number + k) % 3]
            subject, clip = f"{name}-s{number}", f"c{number}_{k}"
            digest = f"blake2b-{hashlib.sha256(f'{subject}{clip}'.encode()).hexdigest()[:32]}"
            place = f"frames/{subject}/{clip}"
            found.append(Clip(name, subject, clip, 1, 5, 9, own, place, source, digest if source == "recorded" else ""))
    return found


def make(root: Path, rows: list[Clip] | None = None, drawn: int = 0, **given: Any) -> Path:
    """Return the folder of results of a run in ``root``: answers of other ``drawn`` are others; ``given`` settings."""
    root.mkdir(parents=True, exist_ok=True)
    rows = rows or clip_table()
    clips.write(rows, root / "clips.csv")
    with contextlib.chdir(root):
        settings = defaults.whole([], SETTINGS | given)
        recipes = Recipes(settings, clips.read("clips.csv"), Seen(Path(".snakemake/rrrn/frames"), trusting=True))
        tested = {fold: folds.split(clips.read("clips.csv"), fold)[1] for fold in recipes.folds}
        ablation = [recipes.ablation()] if settings["ablation"] else []
        for recipe in closure([*(recipes.table(name) for name in recipes.tables), *ablation]):
            if recipe.path.startswith("results/predictions/"):
                predict(recipe, settings, tested, drawn)
        for name in recipes.tables:
            for method in dict.fromkeys([*settings["methods"], *(settings["ablation"] if name == "iv" else [])]):
                for condition in settings["conditions"]:
                    _score(recipes, settings, name, method, condition)
            _table(recipes.table(name), recipes, settings, name)
        for recipe in ablation:
            own = settings | {"methods": settings["ablation"]}
            _table(recipe, recipes, own, "ablation")
            _compare(recipes.compare_ablation(), recipes, own, "ablation")
        _compare(recipes.compare(), recipes, settings)
        _split(recipes, settings)
    return root / "results"


def predict(recipe: Recipe, settings: dict[str, Any], tested: dict[str, list[Clip]], drawn: int) -> None:
    """Write the predictions of a training, or of all of a descriptor."""
    classes = settings["classes"]
    _, _, method, trained_on, last = Path(recipe.path).parts
    stem = last.removesuffix(".csv")
    named = [(fold, 0) for fold in tested] if stem == "all" else [(stem[:-2], int(stem[-1]))]
    rows = []
    for fold, seed in named:
        for condition in settings["conditions"]:
            for clip in tested[fold]:
                parts = (drawn, method, trained_on, condition, fold, seed, clip.subject, clip.clip)
                rng = seeds.generator("made", *parts)
                right = classes.index(clip.objective_class)
                said = right if rng.random() < SKILL.get(method, 0.5) else int(rng.integers(len(classes)))
                shares = tuple(np.where(np.arange(len(classes)) == said, 0.5, 0.1).tolist())
                keys = (clip.database, clip.subject, clip.clip, condition, trained_on, fold, seed, 0)
                alpha = (0.5,) * 6 if method.startswith("rrrn") else ()
                rows.append(Prediction(*keys, clip.objective_class, shares, alpha))
    made = Identity(recipe.path, recipe.digest, "0" * 16, recipe.libraries)
    predictions.write(rows, settings["classes"], Path(recipe.path), lambda: str(made))


def _args(recipe: Recipe, settings: dict[str, Any]):
    args = stage.command("").parse_args([])
    args.asked, args.settings = json.loads(recipe.asked()), json.loads(recipe.told)
    args.clips, args.classes, args.labels = Path("clips.csv"), ",".join(settings["classes"]), None
    args.methods, args.conditions = ",".join(settings["methods"]), ",".join(settings["conditions"])
    return args


def _score(recipes: Recipes, settings: dict[str, Any], name: str, method: str, condition: str) -> None:
    recipe, counted = recipes.score(name, method, condition), recipes.confusion(name, method, condition)
    args = _args(recipe, settings)
    args.predictions = [Path(one.path) for one in recipe.inputs]
    args.output, args.confusion, args.confusion_recipe = Path(recipe.path), Path(counted.path), counted.digest
    args.method, args.condition, args.folds, args.view = method, condition, ",".join(recipes.tables[name]), "original"
    score.main(args)


def _table(recipe: Recipe, recipes: Recipes, settings: dict[str, Any], name: str) -> None:
    args, about = _args(recipe, settings), Path(recipe.path)
    half = len(recipe.inputs) // 2
    args.scores, args.confusion = (
        [Path(one.path) for one in part] for part in (recipe.inputs[:half], recipe.inputs[half:])
    )
    args.output, args.about = about.with_suffix(".csv"), about
    args.long, args.markdown, args.latex = (
        about.with_name(f"{about.stem}{end}") for end in ("_long.csv", ".md", ".tex")
    )
    paper, of = resources.path("data/paper"), "iv" if name == "ablation" else name
    printed = None if name == "ablation" else [paper / f"table_{name}.csv", paper / "misprints.csv"]
    args.table, args.paper, args.descriptors = name, printed, ""
    args.task, args.folds = recipes.tasks[of], ",".join(recipes.tables[of])
    draws, no_skill.DRAWS = no_skill.DRAWS, 200
    table.main(args)
    no_skill.DRAWS = draws


def _compare(recipe: Recipe, recipes: Recipes, settings: dict[str, Any], key: str = "methods") -> None:
    args, about = _args(recipe, settings), Path(recipe.path)
    args.output, args.about = about.with_suffix(".csv"), about
    named = {"ablation": "iv"} if key == "ablation" else {name: name for name in recipes.tables}
    args.confusion = [
        [name, recipes.tasks[of], *(one.path for one in recipe.inputs if f"confusion/{of}/" in one.path)]
        for name, of in named.items()
    ]
    args.pairs, args.paper = recipes.paired(key), None if key == "ablation" else resources.path("data/paper")
    compare.main(args)


def _split(recipes: Recipes, settings: dict[str, Any]) -> None:
    recipe = recipes.split()
    args = _args(recipe, settings)
    args.output, args.about = Path("results/folds.csv"), Path(recipe.path)
    args.folds = ",".join(recipes.folds)
    split.main(args)
