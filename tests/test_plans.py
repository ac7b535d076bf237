"""What the workflow plans for whole experiments, without running them."""

import re
from pathlib import Path

import pytest
from scaffold import HOME, snakemake

from rrrn.experiment import defaults


def plan(folder: Path, clips: str, overlay: str, *targets: str) -> dict[str, int]:
    """Jobs of each rule in an empty working directory, for a shipped clip table and changes of the configuration."""
    (folder / "overlay.yaml").write_text(overlay)
    files = [HOME / "config.yaml", HOME / "config/paper.yaml"] if "paper" in clips else [HOME / "config.yaml"]
    words = ["-n", "-q", "rules", "-s", HOME / "Snakefile", *targets]
    words += ["--configfile", *files, folder / "overlay.yaml", "--config", f"clips={HOME / clips}"]
    done = snakemake(folder, *map(str, words))
    assert done.returncode == 0, done.stdout + done.stderr
    table = re.findall(r"^(\w+) +(\d+)$", done.stdout + done.stderr, re.M)
    return {rule: int(count) for rule, count in table if rule not in ("all", "total")}


def test_papers_experiment(tmp_path):
    protocol = defaults.whole([HOME / "config/paper.yaml"])["protocol"]
    assert (protocol["train_condition"], protocol["n_seeds"]) == ("matched", 3)
    assert len(defaults.whole([HOME / "config/paper.yaml"])["conditions"]) == 13
    # a 39th of its trainings and four of its conditions: all would be listed for half a minute
    less = "{protocol: {train_condition: clean, n_seeds: 1}, conditions: [none, mask, glasses, random-50]}"
    jobs = plan(tmp_path, "data/clips_paper_shape.csv", less, "all")
    assert jobs["render"] == jobs["faces"] == jobs["anchor"] == jobs["augment"] == 47
    assert jobs["art"] == 2
    assert jobs["occlude"] == jobs["flow"] == 47 * 4
    assert jobs["train"] == 3 * (47 + 2)
    assert jobs["pack"] == 4 and jobs["describe"] == 12 and jobs["svm"] == 3
    assert jobs["score"] == 6 * 4 * 3 and jobs["table"] == 3 and jobs["weights"] == 2
    assert jobs["summary"] == jobs["ranking"] == jobs["compare"] == jobs["split"] == 1
    assert jobs["visible"] == 3 and jobs["attention"] == 4 and jobs["faithfulness"] == 1


@pytest.mark.parametrize(
    ("overlay", "trainings"),
    [
        ("protocol: {train_condition: clean}", 4 * 8),
        ("protocol: {train_condition: matched}", 4 * 8 * 13),
        ("protocol: {train_condition: mixed}", 4 * 8),
        ("protocol: {train_condition: clean, n_seeds: 3}", 4 * 8 * 3),
        ("protocol: {train_condition: matched, folds: {grouped: 3}}", 4 * 3 * 13),
        ("{methods: [rrrn, crops, rrrn-no-ri, rrrn-no-rr]}", 4 * 8),
        ("{methods: [rrrn], conditions: [none, glasses]}", 8),
    ],
)
def test_table_iv_of_the_default_experiment(tmp_path, overlay, trainings):
    jobs = plan(tmp_path, "data/clips.csv", overlay, "results/table_iv.csv")
    assert jobs["train"] == trainings
    assert jobs["table"] == jobs["split"] == 1


@pytest.mark.parametrize("target", ["results/table_iv.csv", "all"])
def test_one_training_from_scratch_for_each_fold_and_the_others_tuned(tmp_path, target):
    overlay = "{methods: [rrrn, resnet18], protocol: {train_condition: matched, start: clean, n_seeds: 2}}"
    jobs = plan(tmp_path, "data/clips.csv", overlay, target)
    trainings = 2 * (8 if target != "all" else 10) * 2
    assert (jobs["train"], jobs["tune"]) == (trainings, 12 * trainings)


def test_own_weights_are_an_input_and_nothing_is_fetched(tmp_path):
    (tmp_path / "mine.pth").touch()
    own = f"{{path: mine.pth, sha256: {'0f' * 32}}}"
    overlay = f"networks: {{vgg16: {{pretrained: {own}}}, rrrn: {{pretrained: none}}, resnet18: {{pretrained: none}}}}"
    overlay += "\nconditions: [none, mask]"
    jobs = plan(tmp_path, "data/clips_paper_shape.csv", overlay, "results/table_iii_a.csv")
    assert jobs["train"] == 3 * 2 * 3 and "weights" not in jobs
