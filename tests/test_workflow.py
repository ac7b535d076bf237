"""The real workflow on a toy: what runs, what an edit reruns, what a killed run leaves, and what a mistake says."""

import csv
import json
import os
import random
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from scaffold import CONFIG, ENVIRONMENT, HOME, command, copy, distribution, planned, snakemake, twin, with_machine_code


def test_tables_are_whole(done):
    for name, metrics, folds in (("iii_a", ["WAR", "UAR"], 1), ("iii_b", ["WAR", "UAR"], 1), ("iv", ["F1", "WF1"], 4)):
        table = pd.read_csv(done / f"results/table_{name}.csv")
        lines = ["Constant class (tested majority)", "Training majority", "Chance (95 %)"]
        assert table["Condition"].tolist() == ["Un-occ", "Mask", "Occ-20%", "Avg.", *lines]
        columns = [f"{method} {metric}" for method in ("LBP-TOP", "RRRN", "Avg.") for metric in metrics]
        assert table.columns.tolist() == ["Condition", *columns, "Data"]
        assert table[columns].iloc[:-1].stack().astype(float).between(0, 1).all()
        assert table[columns].iloc[-1].str.fullmatch(r"0\.\d{3}–0\.\d{3}").all()
        assert set(table["Data"]) == {"synthetic"}
        long = pd.read_csv(done / f"results/table_{name}_long.csv")
        assert set(long.loc[long["method"] == "RRRN", "n_folds"]) == {folds}
        assert long["paper"].isna().all()
        own = long[long["method"].isin(["RRRN", "LBP-TOP", "Avg."])]
        assert (own["low"] <= own["value"] + 1e-6).all() and (own["value"] <= own["high"] + 1e-6).all()
        printed = (done / f"results/table_{name}.md").read_text()
        assert printed.count("\n| 95 % |") == 4 and "SYNTHETIC" in printed
        assert "\\bottomrule" in (done / f"results/table_{name}.tex").read_text()
    summary = pd.read_csv(done / "results/summary.csv")
    assert summary["summary"].value_counts().to_dict() == {"mean of both holdouts": 24, "maximal degradation": 12}
    assert summary["value"].notna().all() and summary["paper"].isna().all()
    compared = pd.read_csv(done / "results/comparisons.csv")
    assert compared["table"].value_counts().to_dict() == {"iv": 8, "iii_a": 8, "iii_b": 8}
    assert (compared["difference"] - (compared["value"] - compared["other_value"])).abs().max() < 2e-6
    weighed = pd.read_csv(done / "results/region_weights.csv")
    assert len(weighed) == 13 * 3 and weighed["correlation"].between(-1, 1).all()
    ranking = pd.read_csv(done / "results/ranking.csv")
    assert ranking["method"].value_counts().to_dict() == {"LBP-TOP": 6, "RRRN": 6}
    whole = pd.read_csv(done / "results/table_iv_long.csv").set_index(["condition", "method", "metric"])["value"]
    for _, row in ranking[ranking["table"] == "iv"].iterrows():
        assert row["unoccluded"] == whole["Un-occ", row["method"], row["metric"]]
        assert row["maximal_degradation"] == pytest.approx(
            row["unoccluded"] - whole[row["worst_condition"], row["method"], row["metric"]], abs=1e-5
        )


def test_every_cell_comes_from_the_predictions(done):
    """Table IV's cells again, straight from the prediction files."""
    from sklearn.metrics import f1_score

    table = pd.read_csv(done / "results/table_iv.csv").set_index("Condition")
    classes = ["I", "II", "III", "IV", "V"]
    for method, label in (("lbp_top", "LBP-TOP"), ("rrrn", "RRRN")):
        for condition, name in (("none", "Un-occ"), ("mask", "Mask"), ("random-20", "Occ-20%")):
            rows = pd.concat(map(pd.read_csv, sorted((done / f"results/predictions/{method}/{condition}").iterdir())))
            rows = rows[~rows["fold"].str.contains("-to-")]
            assert len(rows) == 20 and not rows.duplicated(["subject", "clip"]).any()
            said = rows[[f"p_{c}" for c in classes]].to_numpy().argmax(axis=1)
            expected = f1_score(
                rows["true"], [classes[k] for k in said], average="macro", labels=classes, zero_division=0
            )
            assert float(table.loc[name, f"{label} F1"]) == pytest.approx(expected, abs=5.1e-4)


def test_second_run_has_nothing_to_do(done):
    run = snakemake(done, "--cores", "2", *CONFIG, "--", "all")
    assert run.returncode == 0 and "Nothing to be done" in run.stdout + run.stderr


# a machine whose driver counts two GPUs
TWO_CARDS = """
import ctypes

class Driver:
    cuInit = staticmethod(lambda flags: 0)

    @staticmethod
    def cuDeviceGetCount(target):
        target._obj.value = 2
        return 0

real = ctypes.CDLL
ctypes.CDLL = lambda name, *rest, **options: Driver if name == "libcuda.so.1" else real(name, *rest, **options)
"""


def test_a_gpu_reruns_nothing(done, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(TWO_CARDS)
    assert "Nothing to be done" in snakemake(done, "-n", *CONFIG, "--", "all", PYTHONPATH=str(tmp_path)).stdout


@pytest.mark.parametrize(
    ("options", "gpus", "limit"),
    [
        pytest.param([], 1, 2, id="a job a card"),
        pytest.param(["--resources", "gpu=6"], 1, 6, id="cards shared"),
        pytest.param(["--resources", "gpu=0"], 0, 0, id="cards left alone"),
        pytest.param(["--sdm", "env-modules"], 0, 2, id="environments of their own"),
        pytest.param(["warm.yaml"], 0, 2, id="warm start"),
    ],
)
def test_auto_takes_a_gpu_that_no_other_job_has(tmp_path, options, gpus, limit):
    root = copy(tmp_path / "root")
    spy = f"{TWO_CARDS}\ninclude: 'Snakefile'\nprint('limit', workflow.global_resources['gpu'].value)\n"
    (root / "spy").write_text(spy)
    (root / "warm.yaml").write_text("flow: {warm_start: true}\n")
    target = "results/flow/none/synsamm-006.h5"
    run = snakemake(root, "-s", "spy", "-n", "-p", *CONFIG, *options, "--", target)
    assert run.returncode == 0, run.stderr
    said = run.stdout + run.stderr
    assert f"--threads 1 --gpus {gpus} --settings" in said and f"limit {limit}\n" in said


def test_without_a_gpu_no_job_waits_for_one(tmp_path):
    root = copy(tmp_path / "root")
    (root / "spy").write_text("include: 'Snakefile'\nprint('limited', 'gpu' in workflow.global_resources)\n")
    run = snakemake(root, "-s", "spy", "-n", "-p", *CONFIG, "--", "results/flow/none/synsamm-006.h5")
    said = run.stdout + run.stderr
    assert "--threads 1 --gpus 0 --settings" in said and "limited False\n" in said


def substitute(path: str, old: str, new: str) -> Callable[[Path], None]:
    def edit(root: Path) -> None:
        text = (root / path).read_text()
        assert old in text, f"{path} no longer holds {old!r}"
        (root / path).write_text(text.replace(old, new, 1))

    return edit


def one_apex(root: Path) -> None:
    path = root / "tests/clips.csv"
    rows = list(csv.reader(path.read_text().splitlines()))
    rows[3][4] = str(int(rows[3][4]) + 1)
    path.write_text("\n".join(map(",".join, rows)) + "\n")


def other_order(root: Path) -> None:
    path = root / "tests/clips.csv"
    header, *rows = path.read_text().splitlines()
    random.Random(1).shuffle(rows)
    path.write_text("\n".join([header, *rows]) + "\n")


def touch(root: Path) -> None:
    for path in [*root.glob("rrrn/**/*.py"), root / "config.yaml", root / "tests/clips.csv", root / "Snakefile"]:
        path.touch()


ALL_TABLES = {"table": 3, "summary": 1, "ranking": 1, "compare": 1, "leak": 1}
AFTER_TRAINING = {"score": 9, **ALL_TABLES}
ALL_TRAININGS = {"train": 18, **AFTER_TRAINING, "attention": 3, "faithfulness": 1}
ALL_SVMS = {"svm": 3, **AFTER_TRAINING}
ALL_FLOWS = {"flow": 12, "pack": 3, **ALL_TRAININGS}
# one condition of the three: two methods in three tables; and all that follows from its frames
ONE_CONDITION = {"flow": 4, "pack": 1, "describe": 1, "train": 6, "svm": 1, "score": 6, **ALL_TABLES}
ONE_CONDITION |= {"visible": 1, "attention": 1, "faithfulness": 1}
# the two that are occluded
WORN = {
    "occlude": 8,
    "flow": 8,
    "pack": 2,
    "describe": 2,
    "train": 12,
    "svm": 2,
    "score": 12,
    "visible": 2,
    "attention": 2,
    "faithfulness": 1,
    **ALL_TABLES,
}


@contextmanager
def edits_put_back(root: Path) -> Iterator[None]:
    kept = {path: path.read_bytes() for path in root.rglob("*") if path.suffix in (".py", ".yaml", ".csv")}
    kept = {path: data for path, data in kept.items() if "results" not in path.parts}
    try:
        yield
    finally:
        for path, data in kept.items():
            if path.read_bytes() != data:
                path.write_bytes(data)


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        pytest.param(substitute("config.yaml", "lr: 0.0", "lr: 0.1"), ALL_TRAININGS, id="learning rate"),
        pytest.param(substitute("config.yaml", "beta: 0.02", "beta: 0.03"), ALL_TRAININGS, id="a loss weight"),
        pytest.param(substitute("config.yaml", "C: 10000", "C: 10"), ALL_SVMS, id="SVM"),
        pytest.param(
            substitute("rrrn/networks/rrrn/losses.py", "return ", "return 2 * "), ALL_TRAININGS, id="code of the losses"
        ),
        pytest.param(
            substitute("rrrn/flow/numba/numba_engine.py", "import", "import os\nimport"),
            ALL_FLOWS,
            id="code of the engine",
        ),
        pytest.param(substitute("config.yaml", "rotation: frames", "rotation: field"), ALL_FLOWS, id="rotation"),
        pytest.param(
            substitute("rrrn/occlusion/drawings/mask_art.py", "import", "import os\nimport"),
            {"art": 1, "occlude": 4, **ONE_CONDITION},
            id="drawing of the masks",
        ),
        pytest.param(
            substitute("config.yaml", "mode: stable", "mode: clip"), {"anchor": 4, **WORN}, id="mode of anchoring"
        ),
        pytest.param(
            substitute("config.yaml", "smooth: 8", "smooth: 4"), {"anchor": 4, **WORN}, id="smoothing of anchors"
        ),
        pytest.param(
            substitute("rrrn/occlusion/holding/registration.py", "import", "import os\nimport"),
            {"anchor": 4, **WORN},
            id="code of registration",
        ),
        pytest.param(
            substitute("rrrn/occlusion/placing.py", "import", "import os\nimport"),
            {"art": 1, "occlude": 4, **ONE_CONDITION},
            id="code of what pictures alone are laid by",
        ),
        pytest.param(
            substitute("config.yaml", "fill: black", "fill: noise"),
            {"occlude": 4, **ONE_CONDITION},
            id="fill of patches",
        ),
        pytest.param(
            one_apex,
            {
                "render": 1,
                "faces": 1,
                "anchor": 1,
                "augment": 1,
                "occlude": 3,
                "flow": 3,
                "pack": 3,
                "describe": 3,
                "train": 18,
            }
            | {"svm": 3, "score": 18, **ALL_TABLES, "visible": 2, "attention": 3, "faithfulness": 1},
            id="apex of one clip",
        ),
        pytest.param(
            substitute("tests/config.yaml", "random-20]", "random-20, random-40]"),
            {"occlude": 4, **ONE_CONDITION},
            id="new condition",
        ),
        pytest.param(
            substitute("rrrn/experiment/metrics.py", "np.float64", "np.float32"),
            {"score": 18, **ALL_TABLES, "faithfulness": 1},
            id="metrics",
        ),
        pytest.param(
            substitute("rrrn/networks/rrrn/model.py", '"RRRN"', '"rrrn"'),
            {**ALL_TABLES, "faithfulness": 1},
            id="a method's label",
        ),
    ],
)
def test_edit_reruns_what_depends_on_it_and_no_more(done, edit, expected):
    with edits_put_back(done):
        edit(done)
        assert planned(done) == expected


WITHOUT_EFFECT = {
    "setting of a method not run": substitute("config.yaml", "width: 0.25", "width: 0.5"),
    "code of a method not run": substitute("rrrn/networks/baselines/vgg16.py", "import", "import os\nimport"),
    "code of an engine not run": substitute("rrrn/flow/opencv/opencv_engine.py", "import", "import os\nimport"),
    "docstring": substitute("rrrn/stages/flow.py", '"""', '"""Words. '),
    "comment": substitute("rrrn/running/stage.py", "import argparse", "# why\nimport argparse"),
    "message of the clip table": substitute("rrrn/data/clips.py", "the clip table has no rows", "no rows"),
    "help text": substitute("rrrn/running/stage.py", "also write messages", "write messages"),
    "touched files": touch,
    "rows of the clip table in another order": other_order,
}


def test_edits_that_change_nothing_rerun_nothing(done):
    with edits_put_back(done):
        for edit in WITHOUT_EFFECT.values():
            edit(done)
        reruns = planned(done)
    assert not reruns, f"by one at least of these: {', '.join(WITHOUT_EFFECT)}"


@pytest.mark.parametrize(
    ("name", "version", "expected"),
    [
        pytest.param("scikit-learn", "99.1.0", ALL_SVMS, id="minor version"),
        pytest.param("numpy", f"{np.__version__}.99", {}, id="patch"),
    ],
)
def test_another_version_of_a_library_reruns_what_it_computes(done, tmp_path, name, version, expected):
    assert planned(done, PYTHONPATH=str(distribution(tmp_path, name, version))) == expected


def test_environments_of_their_own_are_not_asked_for_libraries(tmp_path):
    root = copy(tmp_path / "root")
    (root / "spy").write_text("include: 'Snakefile'\nprint('libraries', {one.libraries for one in RECIPES.every()})\n")
    run = snakemake(root, "-s", "spy", "-n", "--sdm", "conda", *CONFIG, "--", "results/table_iv.csv")
    assert "libraries {''}" in run.stdout + run.stderr


def test_a_shard_of_flow_that_is_gone_is_noticed_when_it_is_needed(done, tmp_path):
    root = with_machine_code(twin(done, tmp_path / "lost"))
    (root / "results/flow/mask/synsamm-006.h5").unlink()
    assert planned(root) == {}  # to save space
    (root / "results/predictions/rrrn/mask/synsamm-007-0.csv").unlink()
    assert planned(root) == {}  # nor is that one asked for
    for name in ("predictions/rrrn/none/synsamm-007-0.csv", "scores/iv/rrrn/none.csv", "table_iv.csv"):
        (root / "results" / name).unlink()
    again = {"train": 1, "score": 1, "table": 1, "summary": 1, "ranking": 1, "compare": 1, "leak": 1}
    again |= {"attention": 1, "faithfulness": 1}
    assert planned(root) == again  # of another condition
    (root / "results/scores/iv/rrrn/mask.csv").unlink()
    run = snakemake(root, "--cores", "1", "--quiet", "all", *CONFIG, "--", "all")
    assert run.returncode == 1 and len(run.stderr.splitlines()) == 1
    assert "error: results/flow/mask/synsamm-006.h5: is gone" in run.stderr
    assert "delete results/pack/mask.h5" in run.stderr
    (root / "results/pack/mask.h5").unlink()
    remade = ["results/flow/mask/synsamm-006.h5", "results/pack/mask.h5"]
    run = snakemake(root, "--cores", "2", "--quiet", "all", *CONFIG, "--", remade[-1])
    assert run.returncode == 0, run.stderr
    assert [(root / path).read_bytes() for path in remade] == [(done / path).read_bytes() for path in remade]


def test_a_control_is_told_rrrns_settings_and_runs_again_when_they_change(done, tmp_path):
    root = tmp_path / "controls"
    twin(done, root)
    name = "none/synsamm-006-0.csv"
    targets = ["--", *(f"results/predictions/{method}/{name}" for method in ("rrrn", "rrrn-no-rr"))]
    assert snakemake(root, "--cores", "1", "--quiet", "all", *CONFIG, *targets).returncode == 0
    rows = [pd.read_csv(root / target) for target in targets[1:]]
    assert rows[0].columns.tolist() == rows[1].columns.tolist() and not rows[0]["p_I"].equals(rows[1]["p_I"])

    def planned() -> list[str]:
        run = snakemake(root, "--dry-run", *CONFIG, *targets)
        return re.findall(r"results/predictions/([\w-]+)/", "".join(re.findall(r"output: .*", run.stdout + run.stderr)))

    assert planned() == []
    substitute("rrrn/networks/controls/rrrn_no_rr.py", "import", "import os\nimport")(root)
    assert planned() == ["rrrn-no-rr"]
    substitute("config.yaml", "beta: 0.02", "beta: 0.03")(root)
    assert sorted(planned()) == ["rrrn", "rrrn-no-rr"]


def test_files_of_ones_own_art_are_depended_on(done, tmp_path):
    """A drawing that is exchanged for one of the same size reruns the occluder's condition and no other."""
    root = tmp_path / "own"
    twin(done, root)
    substitute("config.yaml", "art: built_in", "art: masks")(root)
    (root / "masks").mkdir()
    (root / "masks/anchors.csv").write_text("file,seam,top,bottom,left,right\nred.png,20,0,30,0,40\n")
    for colour in ((0, 0, 255, 255), (0, 255, 0, 255)):
        cv2.imwrite(
            str(root / "masks/red.png"), np.full((30, 40, 4), colour, np.uint8), [cv2.IMWRITE_PNG_COMPRESSION, 0]
        )
        assert planned(root) == {"art": 1, "occlude": 4, **ONE_CONDITION}
        run = snakemake(root, "--cores", "2", *CONFIG, "--", "results/occluded/mask/synsamm-006.h5")
        assert run.returncode == 0, run.stderr
        left = planned(root)
        assert left["occlude"] == 3 and "art" not in left


@pytest.mark.parametrize(("trained", "view"), [("clean", "tta_mean"), ("mixed", "augmented_pool")])
def test_other_training_conditions_and_views_run_to_the_table(done, tmp_path, trained, view):
    root = with_machine_code(twin(done, tmp_path / "other"))
    overlay = {"train_condition": trained, "view": view, "folds": {"grouped": 2}}
    (root / "overlay.yaml").write_text(json.dumps({"protocol": overlay}))
    run = snakemake(root, "--cores", "2", "--quiet", "all", *CONFIG, "overlay.yaml", "--", "results/table_iv.csv")
    assert run.returncode == 0, run.stderr
    name = {"clean": "none", "mixed": "mixed"}[trained]
    rows = pd.concat(map(pd.read_csv, (root / f"results/predictions/rrrn/{name}").glob("group-*-0.csv")))
    assert set(rows["condition"]) == {"none", "mask", "random-20"} and set(rows["trained_on"]) == {name}
    assert len(rows) == 20 * 3 * 4  # clips, conditions, views
    assert not rows.duplicated(["subject", "clip", "condition", "view"]).any()
    table = pd.read_csv(root / "results/table_iv.csv")
    assert table.filter(regex="F1$").iloc[:-1].stack().astype(float).between(0, 1).all()


def test_groups_of_subjects_run_to_the_table_and_are_listed(done, tmp_path):
    root = tmp_path / "groups"
    twin(done, root)
    listed = pd.read_csv(done / "results/folds.csv")
    assert len(listed) == 8  # four subjects, two in each holdout
    own = listed[~listed["fold"].str.contains("-to-")]
    assert len(own) == 4 and (own["fold"] == own["subject"]).all()
    (root / "overlay.yaml").write_text("methods: [lbp_top]\nprotocol: {folds: {grouped: 2}}\n")
    run = snakemake(root, "--cores", "2", "--quiet", "all", *CONFIG, "overlay.yaml")
    assert run.returncode == 0, run.stderr
    rows = pd.read_csv(root / "results/predictions/lbp_top/mask/all.csv")
    rows = rows[rows["fold"].str.startswith("group-")]
    listed = pd.read_csv(root / "results/folds.csv")
    listed = listed[listed["fold"].str.startswith("group-")]
    pairs = [sorted(set(zip(table["fold"], table["subject"], strict=True))) for table in (listed, rows)]
    assert pairs[0] == pairs[1]
    assert len(rows) == 20 == listed["n_clips"].sum() and listed["fold"].nunique() == 2
    assert set(pd.read_csv(root / "results/table_iv_long.csv")["n_folds"]) == {2}
    assert "in 2 groups" in (root / "results/table_iv.json").read_text()


def test_frames_that_were_copied_again_are_seen(recorded):
    target = ["--", "results/faces/syncasme2-sub01.h5"]
    assert snakemake(recorded, "--cores", "1", "--quiet", "all", *CONFIG, *target).returncode == 0
    _, frame = first_clip(recorded)
    whole = frame.read_bytes()
    frame.touch()
    assert "Nothing to be done" in snakemake(recorded, "-n", *CONFIG, *target).stdout
    shutil.rmtree(recorded / ".snakemake/rrrn/frames", ignore_errors=True)  # if they are old enough
    assert "Nothing to be done" in snakemake(recorded, "-n", *CONFIG, *target).stdout
    frame.write_bytes(whole[:-100] + bytes([whole[-100] ^ 1]) + whole[-99:])  # a pixel; the size is the same
    assert "Nothing to be done" not in snakemake(recorded, "-n", *CONFIG, *target).stdout
    frame.write_bytes(whole)
    assert "Nothing to be done" in snakemake(recorded, "-n", *CONFIG, *target).stdout


def test_clip_table_under_another_name_reruns_nothing(done, tmp_path):
    shutil.copy(done / "tests/clips.csv", done / "tests/renamed.csv")
    (tmp_path / "overlay.yaml").write_text("clips: tests/renamed.csv\n")
    run = snakemake(done, "-n", *CONFIG, str(tmp_path / "overlay.yaml"), "--", "all")
    assert run.returncode == 0 and "Nothing to be done" in run.stdout


def test_code_in_the_working_directory_does_not_stand_in_for_the_packages(tmp_path):
    root = copy(tmp_path / "root")
    (tmp_path / "work/rrrn").mkdir(parents=True)
    for name in ("__init__", "augment", "clips", "stage"):
        (tmp_path / f"work/rrrn/{name}.py").write_text("raise SystemExit('another rrrn')\n")
    (tmp_path / "work/tests").mkdir()
    shutil.copy(root / "tests/clips.csv", tmp_path / "work/tests")
    files = ["--configfile", str(root / "config.yaml"), str(root / "tests/config.yaml")]
    target = "results/augment/synsamm-006.csv"
    run = snakemake(tmp_path / "work", "-s", str(root / "Snakefile"), "--cores", "1", *files, "--", target)
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "work" / target).exists()


@pytest.fixture
def recorded(done, tmp_path) -> Path:
    """Two subjects with recorded clips: the toy's frames under another name."""
    root = copy(tmp_path / "recorded")
    rows = list(csv.DictReader((HOME / "tests/clips.csv").read_text().splitlines()))
    with (root / "tests/clips.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        for row in rows:
            if row["clip"] in ("EP01_01", "EP01_02"):
                source, row["frames"] = done / row["frames"], row["frames"].replace("data/synthetic", "frames $(x) 'a'")
                shutil.copytree(source, root / row["frames"])
                writer.writerow(row | {"source": "recorded"})
    return with_machine_code(root)  # while one subject's faces fail, the other's flow is solved


def first_clip(root: Path) -> tuple[dict[str, str], Path]:
    row = next(csv.DictReader((root / "tests/clips.csv").read_text().splitlines()))
    return row, root / row["frames"] / f"img{int(row['onset']) + 2}.jpg"


def lose_a_frame(root: Path) -> str:
    row, frame = first_clip(root)
    frame.with_name(f"img{row['onset']}.jpg").unlink()
    return f"clip {row['subject']}/{row['clip']} lacks frame {row['onset']} of"


def cut_a_frame_short(root: Path) -> str:
    _, frame = first_clip(root)
    frame.write_bytes(frame.read_bytes()[:3000])
    return f"{frame.name}: not a whole image"


def hide_the_face(root: Path) -> str:
    import cv2
    import numpy as np

    row, frame = first_clip(root)
    for path in frame.parent.iterdir():
        cv2.imwrite(str(path), np.full((240, 320, 3), 128, np.uint8))
    return f"clip {row['subject']}/{row['clip']}: no face in"


@pytest.mark.parametrize("damage", [lose_a_frame, cut_a_frame_short, hide_the_face])
def test_bad_frames_stop_with_one_message_before_any_training(recorded, damage):
    message = damage(recorded)
    run = snakemake(recorded, "--cores", "2", "--quiet", "all", *CONFIG, "--", "results/scores/iv/rrrn/none.csv")
    assert run.returncode != 0
    said = [line for line in run.stderr.splitlines() if line.startswith("error: ")]
    assert len(said) == 1 and message in said[0], run.stderr
    assert "Traceback" not in run.stderr
    assert not (recorded / "results/faces/syncasme2-sub01.h5").exists()
    assert not (recorded / "results/predictions").exists()
    assert not list(recorded.rglob("*.partial"))


def test_recorded_clips_run_from_awkward_folder_names(recorded):
    run = snakemake(recorded, "--cores", "2", "--quiet", "all", *CONFIG, "--", "results/faces/syncasme2-sub01.h5")
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (
            substitute("config.yaml", "epochs:", "epoch:"),
            "error: config.yaml: configuration: train has the unknown key 'epoch'",
        ),
        (
            substitute("config.yaml", "seed: 7", "seed: seven"),
            "error: config.yaml: configuration: occlude.seed is the text 'seven'",
        ),
        (substitute("tests/clips.csv", ",I,", ",VI,"), "has class 'VI'; the configuration names I, II, III, IV, V"),
        (lambda root: (root / "tests/clips.csv").write_text(""), "tests/clips.csv: the header lacks"),
        (
            lambda root: (root / "tests/clips.csv").write_text((root / "tests/clips.csv").read_text().split("\n")[0]),
            "tests/clips.csv: the clip table has no rows",
        ),
        (
            substitute("tests/clips.csv", ",10,16,", ",10,1600,"),
            "tests/clips.csv, line 2: clip syncasme2-sub01/EP01_01",
        ),
        (substitute("tests/config.yaml", "describe:", "train: {}\ndescribe:"), "tests/config.yaml: train stands twice"),
        (substitute("config.yaml", "  seed: 7", "  seed: 7\n  seed: 8"), "config.yaml: occlude.seed stands twice, in"),
        (substitute("config.yaml", "tim_frames: 0", "tim_frames: 1"), "configuration: describe.tim_frames is 1, and"),
        (substitute("config.yaml", "art: built_in", "art: mine"), "configuration: occlude.mask.art: mine: there is no"),
    ],
)
def test_mistakes_in_tables_and_configuration_stop_before_any_job(tmp_path, edit, message):
    root = copy(tmp_path)
    edit(root)
    run = snakemake(root, "--cores", "1", *CONFIG, "--quiet", "all")
    assert run.returncode != 0 and message in run.stderr
    assert len(run.stderr.splitlines()) == 1 and not (root / "results").exists()


@pytest.mark.parametrize("value", ["{lr: 0.1, lr: 0.2}"])
def test_a_key_that_stands_twice_on_the_command_line_is_named(tmp_path, value):
    run = snakemake(copy(tmp_path), "-n", "--quiet", "all", *CONFIG, "--config", f"train={value}")
    assert run.returncode != 0 and f"error: --config train={value}: lr stands twice" in run.stderr


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="root may write everywhere; needs setpriv to give that up")
@pytest.mark.parametrize("folder", ["results", ".snakemake", "logs"])
def test_a_folder_that_cannot_be_written_is_named_though_snakemake_is_quiet(tmp_path, folder):
    root = copy(tmp_path / "root")
    (root / ".snakemake/locks").mkdir(parents=True)
    (root / folder).mkdir(exist_ok=True)
    (root / folder).chmod(0o555)
    words = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    words += command("--cores", "1", "--quiet", "all", *CONFIG)
    run = subprocess.run(words, cwd=root, env=ENVIRONMENT, capture_output=True, text=True)
    (root / folder).chmod(0o755)
    assert run.returncode == 1
    said = [line for line in run.stderr.splitlines() if not line.startswith("Failed to setup log file")]
    assert said == [
        f"error: {folder}: cannot be written (Permission denied); make room or correct the permissions, or work "
        "in another directory (snakemake --directory)"
    ]
