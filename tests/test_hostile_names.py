"""Names with blanks, quotes, shell syntax and any script go through every rule as they are, or are refused by name."""

import csv
import itertools
import json
import os
import random
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
import scaffold
import yaml
from PIL import Image
from scaffold import HOME, bare

from rrrn.data import clips, predictions
from rrrn.data.clips import Clip
from rrrn.provenance import frames_seen
from rrrn.stages import faces

SUBJECTS = 60 if "RRRN_FUZZ" in os.environ else 3
FRAGMENTS = [" ", "  ", "'", '"', "'\"'", ";", "$(touch PWNED)", "`touch PWNED`", "&", "&&", "|", "||", "*", "?", "#"]
FRAGMENTS += ["~", "\\", "\\\\", "$HOME", "%s", "%j", "!", "!!", "<", ">"]
FRAGMENTS += ["(", ")", "[a-z]", "=", ":", "--log", "-to-", "@", "^", "+", "\\n", "touch PWNED", ">PWNED", "-0", ".csv"]
FRAGMENTS += [
    "e\u0301",
    "\u00e9",
    "\u05e9\u05dc\u05d5\u05dd",
    "\u0645\u0631\u062d",
    "\u6f22",
    "\U0001f600",
    "\u2764\ufe0f",
    "a",
    "Z",
    "7",
]
FOLDER = "a b'c\"d;$(touch PWNED)`touch PWNED`&|*?#~ שלום e\u0301 😀"

# Takes a stage's place: notes what it was given, and makes what does not exist yet.
RECORDER = """
import json, os, sys
from itertools import takewhile
from pathlib import Path

stage, words = Path(__file__).stem, sys.argv[1:]
file = os.open(Path(__file__).parents[2] / "calls", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
os.write(file, (json.dumps([stage, *words]) + "\\n").encode())
for path in map(Path, takewhile(lambda word: not word.startswith("--"), words)):
    if stage == "render":
        path.mkdir()
    elif not path.exists() and len(path.parts) > 1:
        path.write_text("made")
"""


def hostile(generator: random.Random, most: int = 16) -> str:
    """A name of random fragments that is not refused: nothing in front or behind that the table would take away."""
    while True:
        name = "".join(generator.choices(FRAGMENTS, k=generator.randint(1, most))).strip()
        if not clips.objection(name):
            return name


def snakemake(root: Path, folder: Path, overlay: dict[str, object], *targets: str) -> None:
    """Run the copy in another working directory."""
    folder.mkdir(parents=True, exist_ok=True)
    laid_over = folder / "over lay's.yaml"
    laid_over.write_text(yaml.safe_dump(overlay, allow_unicode=True), encoding="utf-8")
    files = ["--snakefile", str(root / "Snakefile"), "--configfile", str(root / "config.yaml"), str(laid_over)]
    words = ["--cores", "2", "--quiet", "rules", "--directory", str(folder), *files, "--", *targets]
    done = scaffold.snakemake(root, *words)
    assert done.returncode == 0, done.stdout + done.stderr


def untouched(root: Path) -> bool:
    """Whether no name was run."""
    return not [path for path in root.rglob("*") if path.name == "PWNED"]


def split(words: Sequence[str]) -> tuple[list[str], dict[str, list[str]]]:
    """What stands before the options, and the values of each."""
    positional = list(itertools.takewhile(lambda word: not word.startswith("--"), words))
    options: dict[str, list[str]] = {}
    for word in words[len(positional) :]:
        if re.fullmatch("--[a-z0-9-]+", word):
            options[word] = last = []
        else:
            last.append(word)
    return positional, options


@pytest.fixture(scope="module")
def table() -> list[Clip]:
    """Subjects of two databases, two of them with the longest names there are, and two clips each."""
    generator = random.Random(20)
    databases = [hostile(generator, 4), "$(touch PWNED) " + hostile(generator, 4)]
    names = [f"{hostile(generator)}{number}" for number in range(SUBJECTS)]
    names += [("$(touch PWNED)'\" " * 20)[:199] + "x", "\U0001f600" * 49 + "\u6f22x"]  # 200 bytes
    rows = []
    for number, subject in enumerate(names):
        for clip in (f"{hostile(generator)}1", f"{hostile(generator)}2"):
            source = ("synthetic", "recorded")[number // 2 % 2]
            frames = f"data/synthetic/{subject}/{clip}" if source == "synthetic" else f"/{hostile(generator)}/\n{{x}}"
            rows.append(Clip(databases[number % 2], subject, clip, 1, 4, 6, "I", frames, source))
    return rows


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory, table: list[Clip]) -> tuple[Path, dict[str, list]]:
    """What each stage was called with, in a run of the target all, and its working directory."""
    top = tmp_path_factory.mktemp("names")
    root, folder = bare(top / FOLDER), top / f"{FOLDER} {{x}} {{}}"
    rules = "".join(path.read_text(encoding="utf-8") for path in (root / "workflow/rules").glob("*.smk"))
    for name in set(re.findall(r"python -m rrrn\.stages\.(\w+)", rules)):
        (root / "rrrn/stages" / f"{name}.py").write_text(RECORDER, encoding="utf-8")
    folder.mkdir()
    clips.write(table, folder / "clips;$(touch PWNED) 'x'.csv")
    overlay = {
        "clips": "clips;$(touch PWNED) 'x'.csv",
        "conditions": ["none", "random-20", "mask"],
        "methods": ["lbp_top", "vgg16", "rrrn"],
        "protocol": {"holdout": list(dict.fromkeys(clip.database for clip in table))},
        "networks": {"rrrn": {"backbone": "resnet18", "pretrained": "imagenet"}},
    }
    snakemake(root, folder, overlay, "all")
    assert untouched(top)
    noted: dict[str, list] = {}
    for line in (root / "calls").read_text(encoding="utf-8").splitlines():
        stage, *words = json.loads(line)
        noted.setdefault(stage, []).append(split(words))
    return folder, noted


def values(noted: Sequence[tuple[list[str], dict[str, list[str]]]], option: str) -> list[str]:
    return sorted(value for _, options in noted for value in options[option])


def test_every_stage_is_run_with_these_names(calls):
    assert sorted(calls[1]) == sorted(
        [
            "render",
            "faces",
            "anchor",
            "art",
            "occlude",
            "augment",
            "flow",
            "pack",
            "weights",
            "train",
            "describe",
            "svm",
            "split",
            "score",
            "table",
            "summary",
            "ranking",
            "compare",
            "visible",
            "attention",
            "faithfulness",
            "leak",
        ]
    )


@pytest.mark.parametrize("stage", ["render", "faces", "augment"])
def test_stages_of_a_subject_are_given_its_name(calls, table, stage):
    noted = calls[1][stage]
    wanted = {clip.subject for clip in table if stage != "render" or clip.source == "synthetic"}
    place = {"render": "data/synthetic/{}", "faces": "results/faces/{}.h5", "augment": "results/augment/{}.csv"}[stage]
    assert values(noted, "--subject") == sorted(wanted)
    for positional, options in noted:
        (subject,) = options["--subject"]
        assert positional == [place.format(subject)]
        assert options["--clips"] == ["clips;$(touch PWNED) 'x'.csv"]
        assert options["--log"] == [f"logs/{stage}/{subject}.log"]
        assert json.loads(*options["--settings"])


@pytest.mark.parametrize("condition", ["none", "random-20", "mask"])
def test_shards_are_given_by_their_paths(calls, table, condition):
    subjects = sorted({clip.subject for clip in table})
    shards = {stage: [f"results/{stage}/{condition}/{name}.h5" for name in subjects] for stage in ("occluded", "flow")}
    noted = [positional for stage in ("occlude", "flow") for positional, _ in calls[1][stage]]
    faces = [f"results/faces/{name}.h5" for name in subjects]
    plans = [f"results/augment/{name}.csv" for name in subjects]
    occluded = [list(pair) for pair in zip(faces, shards["occluded"], strict=True)]
    flow = [list(three) for three in zip(shards["occluded"], plans, shards["flow"], strict=True)]
    assert sorted(words for words in noted if f"/{condition}/" in words[-1]) == sorted(occluded + flow)
    anchors = [f"results/anchors/{name}.h5" for name in subjects]
    assert sorted(words for words, _ in calls[1]["anchor"]) == sorted(map(list, zip(faces, anchors, strict=True)))
    held = [(words[0], options) for words, options in calls[1]["occlude"] if f"/{condition}/" in words[1]]
    for path, options in held:
        own = [] if condition == "none" else [path.replace("results/faces", "results/anchors")]
        assert (options["--anchors"], options["--art"]) == (own, ["results/art/mask.h5"] if condition == "mask" else [])
    assert [*shards["flow"], f"results/pack/{condition}.h5"] in [words for words, _ in calls[1]["pack"]]
    packed = [*shards["occluded"], f"results/features/lbp_top/{condition}.h5"]
    assert packed in [words for words, _ in calls[1]["describe"]]


def test_folds_are_given_by_their_names(calls, table):
    one, two = dict.fromkeys(clip.database for clip in table)
    subjects = {clip.subject for clip in table}
    folds = sorted({*subjects, f"{one}-to-{two}", f"{two}-to-{one}"})
    for network in ("vgg16", "rrrn"):
        own = [(words, options) for words, options in calls[1]["train"] if options["--method"] == [network]]
        assert values(own, "--fold") == folds
        for words, options in own:
            assert words == [f"results/predictions/{network}/none/{options['--fold'][0]}-0.csv"]
            assert options["--log"] == [f"logs/train/{network}/none/{options['--fold'][0]}-0.log"]
    assert set(values(calls[1]["svm"], "--folds")) == {",".join(folds)}
    asked = {",".join(sorted(subjects)), f"{one}-to-{two}", f"{two}-to-{one}"}
    assert set(values(calls[1]["score"], "--folds")) == asked
    tasks = ["CDE", f"HDE {one.upper()}->{two.upper()}", f"HDE {two.upper()}->{one.upper()}"]
    assert values(calls[1]["table"], "--task") == sorted(tasks)


def test_logs_lie_where_the_names_say(calls, table):
    for clip in table:
        for stage in ("faces", "augment", "occlude/none", "flow/none"):
            assert (calls[0] / f"logs/{stage}/{clip.subject}.tsv").is_file()
        assert (calls[0] / f"logs/train/rrrn/none/{clip.subject}-0.tsv").is_file()


def test_the_real_stages_take_these_names(tmp_path):
    """From frames to Table III a on four synthetic clips with a descriptor, and one training of a network."""
    root, folder = bare(tmp_path / FOLDER), tmp_path / "work {x}'s $(touch PWNED)"
    folder.mkdir()
    subjects = {"a 'b\";~": "`touch PWNED`;* e\u0301", "\U0001f600\"' $(touch PWNED)": "\u05e9\u05dc|&#?[a] \\"}
    rows = [
        Clip(database, subject, clip, 1, 3, 4, label, str(folder / "data/synthetic" / subject / clip), "synthetic")
        for database, subject in subjects.items()
        for clip, label in (("`touch PWNED`;*", "I"), ("long \u05d0" * 15 + "'", "II"))
    ]
    clips.write(rows, folder / "$(touch PWNED).csv")
    overlay = yaml.safe_load((HOME / "tests/config.yaml").read_text(encoding="utf-8")) | {
        "clips": "$(touch PWNED).csv",
        "conditions": ["none"],
        "methods": ["lbp_top"],
        "protocol": {"holdout": list(subjects), "train_condition": "clean"},
        "augment": {"early": [], "late": [], "angles": [0, 5]},
    }
    overlay["flow"]["engine"] = "opencv"  # nothing to compile
    fold = "-to-".join(subjects)
    network = f"results/predictions/rrrn/none/{fold}-0.csv"
    snakemake(root, folder, overlay, "results/table_iii_a.csv", network)
    assert untouched(tmp_path)
    with (folder / "results/table_iii_a_long.csv").open(encoding="utf-8") as file:
        assert {row["task"] for row in csv.DictReader(file)} == {f"HDE {'->'.join(map(str.upper, subjects))}"}
    wanted = [(row.database, row.subject, row.clip, fold) for row in rows[2:]]
    for path in (network, "results/predictions/lbp_top/none/all.csv"):
        tested = [row for row in predictions.read(folder / path, ["I", "II", "III", "IV", "V"]) if row.fold == fold]
        assert [(row.database, row.subject, row.clip, row.fold) for row in tested] == wanted


def test_frames_are_found_in_any_folder(tmp_path):
    folder = tmp_path / FOLDER / "{x},\u2028\n-a\\ "
    folder.mkdir(parents=True)
    for number in (1, 2, 3):
        Image.new("L", (8, 8), number).save(folder / f"$(touch PWNED) '{number}.png")
    clip = Clip("d", "s", "c", 1, 2, 3, "I", str(folder), "recorded")
    images, numbers, missing = faces.read_clip(clip, 0)
    assert numbers == [1, 2, 3] and not missing and [image.max() for image in images] == numbers
    seen = frames_seen.Seen(tmp_path / "seen")
    found, nothing = (seen.fingerprint([frames_seen.Stretch(place, 1, 3)]) for place in (folder, tmp_path / FOLDER))
    assert found != nothing


def test_a_workflow_below_a_folder_with_braces_is_refused(tmp_path):
    root = bare(tmp_path / "a {b}")
    done = scaffold.snakemake(root, "-n")
    assert done.returncode != 0 and "a {b}: Snakemake takes braces in a path for wildcards" in done.stderr
